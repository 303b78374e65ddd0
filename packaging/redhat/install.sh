#!/bin/sh
# Installs keepalived-go from the unpacked tarball in place of keepalived. As root:
#   ./install.sh            installs; a running keepalived runs on until a restart
#   ./install.sh --remove   takes away what was installed; configuration stays
# DESTDIR puts everything below a folder and touches nothing that runs.
set -eu
cd "$(dirname "$0")"
to=${DESTDIR-}
kept="/etc/sysconfig/keepalived"

files() { (cd root && find . -type f -o -type l | sed 's/^\.//' | sort); }

fail() {
	echo "install.sh: $*" >&2
	exit 1
}

if [ -z "$to" ] && [ "$(id -u)" -ne 0 ]; then
	fail "it has to be started as root"
fi
if [ "$(uname -s)" != Linux ] || ! root/usr/sbin/keepalived --version >/dev/null 2>&1; then
	fail "the programs in this tarball do not run on this machine ($(uname -s) $(uname -m))"
fi

# manager has the service manager look at its units again.
manager() {
	if [ -z "$to" ] && [ -d /run/systemd/system ]; then
		systemctl daemon-reload
	fi
}

if [ "${1-}" = --remove ]; then
	files | while read -r file; do
		[ "$file" = "$kept" ] || rm -f "$to$file"
	done
	manager
	echo "Removed. /etc/keepalived and $kept are still there. A package that was there before is put back by its package manager (dnf reinstall keepalived)."
	exit 0
fi

if [ -z "$to" ] && command -v rpm >/dev/null 2>&1 && rpm -q keepalived >/dev/null 2>&1; then
	echo "The package keepalived is installed. Its files are replaced; an update of it would put its own back. To keep them out: dnf versionlock add keepalived, or exclude=keepalived in dnf.conf."
fi
files | while read -r file; do
	if [ "$file" = "$kept" ] && [ -e "$to$file" ]; then
		continue
	fi
	mkdir -p "$to$(dirname "$file")"
	# A program that runs cannot be written to: a new file takes its place.
	cp -P "root$file" "$to$file.new"
	mv -f "$to$file.new" "$to$file"
done
mkdir -p "$to/etc/keepalived"
if [ -z "$to" ] && command -v restorecon >/dev/null 2>&1; then
	files | while read -r file; do restorecon "$file" || true; done
fi
manager
echo "Installed. Options stand in $kept. Next: keepalived -t && systemctl restart keepalived"
if [ -z "$to" ] && command -v getenforce >/dev/null 2>&1 && [ "$(getenforce)" = Enforcing ]; then
	echo "SELinux is enforcing: read SELINUX.md first."
fi
