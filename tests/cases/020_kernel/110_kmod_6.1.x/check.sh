#!/bin/sh
# Runs in the booted system: loads the module, shows what it said, and takes it out again.

set -e

modinfo hello_world.ko || true
insmod hello_world.ko
dmesg | grep "Hello from a module" | tail -n 1
rmmod hello_world
