"""The Prefect event that says that a data set is finished."""

DATA_SET_FINISHED = "callmill.data-set.finished"
PATH_LABEL = "callmill.path"
"""Label of the event's resource: the data set's folder."""
SPLIT_LABEL = "callmill.split"
"""Label of the event's resource: the split of its functions; only `train` is for training."""
