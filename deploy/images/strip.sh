#!/bin/sh
# Takes out of a Debian with Python what only installs, builds, administers or documents, and at the very end every
# program but Python, the shell too. The list of packages stays: scanners read it.
set -eu
rm -f "$0"
python_home=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
rm -rf "$python_home/ensurepip" "$python_home/idlelib" "$python_home/tkinter" "$python_home/test" "$python_home/lib2to3" \
    "$python_home/turtledemo" "$python_home"/config-* "$python_home/site-packages"/pip* "$python_home/site-packages"/setuptools* \
    "$python_home/site-packages"/wheel* /usr/local/include /usr/share/python-wheels /usr/lib/python3/dist-packages \
    /usr/lib/apt /usr/lib/*/apt /etc/apt /var/lib/apt /usr/lib/dpkg /usr/share/dpkg /usr/share/debconf /usr/lib/*/perl* \
    /usr/share/perl* /usr/lib/init /usr/lib/systemd /usr/lib/*/e2fsprogs /usr/share/menu /usr/share/bug /usr/share/libgcrypt20 /usr/share/python3 /usr/lib/ssl/misc \
    /usr/lib/udev /etc/security /etc/update-motd.d /etc/init.d /etc/cron* /etc/kernel \
    /var/cache /usr/share/bash-completion /usr/share/doc /usr/share/man /usr/share/info /usr/share/locale /usr/share/lintian \
    /usr/lib/*/gconv /usr/share/i18n /usr/include /usr/src /boot /home /media /mnt /opt /srv /var/log/* /var/lib/dpkg/info
mkdir -p /opt /var/cache /tmp
echo 'printworks:x:10001:10001::/tmp:/usr/sbin/nologin' >>/etc/passwd
echo 'printworks:x:10001:' >>/etc/group
python3 -m compileall -q -j 0 -f --invalidation-mode unchecked-hash "$python_home" || true # some files are templates
find / -xdev -type f -perm /6000 -delete
# The last command: what it needs is in memory by then.
find /usr/bin /usr/sbin /usr/local/bin /usr/local/sbin /usr/libexec ! -type d ! -name python3 ! -name 'python3.1[0-9]' -delete
