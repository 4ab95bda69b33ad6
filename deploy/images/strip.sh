#!/bin/sh
# Takes out of a Debian with Python what only installs, builds or documents. The list of packages stays: scanners read it.
set -eu
python_home=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
rm -rf "$python_home/ensurepip" "$python_home/idlelib" "$python_home/tkinter" "$python_home/test" "$python_home/lib2to3" \
    "$python_home/turtledemo" "$python_home"/config-* "$python_home/site-packages"/pip* "$python_home/site-packages"/setuptools* \
    "$python_home/site-packages"/wheel* /usr/local/bin/pip* /usr/local/include /usr/share/python-wheels \
    /usr/bin/apt* /usr/lib/apt /usr/lib/*/apt /etc/apt /var/lib/apt /var/cache /usr/share/bash-completion \
    /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale /usr/share/lintian /usr/share/perl* /usr/lib/*/perl* \
    /usr/bin/perl* /usr/lib/*/gconv /usr/share/i18n /usr/include /usr/src /boot /home /media /mnt /opt /srv /var/log/*
find /usr/bin /usr/sbin /bin /sbin -name 'dpkg*' -delete
mkdir -p /opt /var/cache /tmp
echo 'printworks:x:10001:10001::/tmp:/usr/sbin/nologin' >>/etc/passwd
echo 'printworks:x:10001:' >>/etc/group
