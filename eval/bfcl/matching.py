"""Which call goes with which expected call so that the whole fits best: the assignment problem, in O(n³)."""

from collections.abc import Sequence


def best_assignment(scores_N_N: Sequence[Sequence[int]]) -> list[int]:  # noqa: N803  # axes, as in house style
    """The column of each row so that the sum is as large as can be (Hungarian method with potentials)."""
    size = len(scores_N_N)
    row_potential, column_potential = [0] * (size + 1), [0] * (size + 1)
    row_of = [0] * (size + 1)  # of each column, from 1; column 0 holds the row that is being placed
    for row in range(1, size + 1):
        row_of[0] = row
        came_from, column = _grow_path(scores_N_N, row_potential, column_potential, row_of)
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    columns = [0] * size
    for column in range(1, size + 1):
        columns[row_of[column] - 1] = column - 1
    return columns


def _grow_path(
    scores_N_N: Sequence[Sequence[int]],  # noqa: N803
    row_potential: list[int],
    column_potential: list[int],
    row_of: list[int],
) -> tuple[list[int], int]:
    """The cheapest way from the new row to a free column: where each column was reached from, and the free one."""
    size = len(scores_N_N)
    slack: list[float] = [float("inf")] * (size + 1)
    came_from = [0] * (size + 1)
    is_reached = [False] * (size + 1)
    column = 0
    while row_of[column]:
        is_reached[column] = True
        row = row_of[column]
        for other in range(1, size + 1):
            cost = -scores_N_N[row - 1][other - 1] - row_potential[row] - column_potential[other]
            if not is_reached[other] and cost < slack[other]:
                slack[other], came_from[other] = cost, column
        nearest = min((other for other in range(1, size + 1) if not is_reached[other]), key=slack.__getitem__)
        step = int(slack[nearest])
        for other in range(size + 1):
            if is_reached[other]:
                row_potential[row_of[other]] += step
                column_potential[other] -= step
            else:
                slack[other] -= step
        column = nearest
    return came_from, column
