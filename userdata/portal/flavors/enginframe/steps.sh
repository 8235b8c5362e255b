#!/bin/bash
# The steps of EnginFrame and EF Portal, each with its bound in seconds. Sourced by bootstrap.sh, after lib.sh and its
# own steps.
run 1500 60-java
run 1800 65-database
run 2700 70-portal
run 900 75-settings
run 120 80-clusters
run 1500 90-start
