# Real services, real traffic: see tests/real-paths.sh.
sh tests/real-paths.sh
