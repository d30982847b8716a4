"""Prefect on this machine: one supervised server, its pools, deployments and worker."""
