# Everything is built and tested from here. On a bare Debian machine, as root,
# each target fetches what it needs by itself: see the folder scripts.

GO ?= scripts/go
DESTDIR ?=
PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/keepalived
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
# Where the service manager looks for units of administrators and of programs
# below /usr/local; a package takes /lib/systemd/system.
UNITDIR ?= $(PREFIX)/lib/systemd/system
INSTALL ?= install
# How long each fuzz target runs.
FUZZTIME ?= 10s

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
LDFLAGS := -s -w -X keepalived-go/daemon.Version=$(VERSION)

# The Debian package takes the place of Debian's own, whose epoch is 1.
DEBVERSION ?= 1:2.4.3+go1-1
DEBARCH ?= $(shell dpkg --print-architecture 2>/dev/null)
# The time of every file in packages: the same commit gives the same bytes.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 0)

# Packages that are tested with a network of namespaces, one at a time: their
# tests measure times, and need root.
LAB := ./test/lab ./test/e2e
# All other packages with tests, except those below test/vm/inside, which
# test/vm runs in a virtual machine, whatever the kernel of this one has.
UNIT = $$($(GO) list ./... | grep -v -E '/test/(lab|e2e|vm)(/|$$)')

.DEFAULT_GOAL := build
.PHONY: build check test unit race lab vm demo bench fuzz install deb tarball systemd clean help tools debs

build: bin/keepalived bin/genhash ## Build bin/keepalived and bin/genhash

# The go command knows best what is up to date.
.PHONY: bin/keepalived bin/genhash
bin/keepalived bin/genhash:
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $@ ./cmd/$(@F)

check: ## Check format, vet, staticcheck, the generated document and unit tests
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l $$(find . -name "*.go" -not -path "./.cache/*")); \
	if [ -n "$$unformatted" ]; then echo "not formatted: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	if [ -d config/gen ]; then $(GO) run -buildvcs=false ./config/gen -check; fi
	$(MAKE) unit

test: debs build check race lab vm systemd ## Set up and run all tests (root on Debian)

unit: tools ## Run the tests that need no network, simulated clusters among them
	CGO_ENABLED=0 $(GO) test $(UNIT)

race: tools ## Run the same tests with the race detector
	GORACE=atexit_sleep_ms=0 CGO_ENABLED=1 $(GO) test -race $(UNIT)

lab: build debs ## Run the tests with network namespaces, beside Debian's keepalived
	scripts/again -count=1 -p 1 -parallel 8 -timeout 15m -v $(LAB)

vm: build debs ## Run the tests that need ip_vs, in a virtual machine
	scripts/again -count=1 -timeout 30m -v -skip TestSystemd ./test/vm

systemd: debs deb ## Run the package under systemd, in a virtual machine
	scripts/tree systemd systemd-sysv keepalived iproute2 kmod procps ipvsadm
	scripts/again -count=1 -timeout 15m -v -run TestSystemd ./test/vm

demo: build debs ## Show what keepalived is for, step by step
	@$(GO) run -buildvcs=false ./test/demo

bench: build debs ## Measure beside Debian's keepalived
	@$(GO) run -buildvcs=false ./test/bench

fuzz: ## Run every fuzz target for a short time
	scripts/fuzz $(FUZZTIME)

install: build ## Install below $(DESTDIR)$(PREFIX)
	DESTDIR='$(DESTDIR)' SBINDIR='$(SBINDIR)' BINDIR='$(BINDIR)' MANDIR='$(MANDIR)' DOCDIR='$(DOCDIR)' \
		COMPLETIONDIR='$(COMPLETIONDIR)' UNITDIR='$(UNITDIR)' INSTALL='$(INSTALL)' packaging/install

deb: build ## Build the Debian package in bin/
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) GO='$(GO)' packaging/deb/build '$(DEBVERSION)' '$(DEBARCH)' bin/keepalived.deb

tarball: build ## Build bin/keepalived-go.tar.gz, for hosts without dpkg
	SOURCE_DATE_EPOCH=$(SOURCE_DATE_EPOCH) GO='$(GO)' packaging/redhat/build bin/keepalived-go.tar.gz

clean: ## Remove what was built (what was fetched stays in .cache)
	rm -rf bin

help: ## Say what the targets do
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 10

# What tests call, and what the race detector needs.
tools:
	scripts/tools ip:iproute2 openssl:openssl gcc:gcc libc6-dev

# Peers and servers of the tests, and the kernel and the emulator of their
# virtual machine: unpacked in .cache, never installed.
debs:
	scripts/debs keepalived nginx-light rsyslog \
		exim4-daemon-light haproxy frr linux-image-cloud-amd64 qemu-system-x86 kmod iproute2 ipvsadm nftables iptables ipset curl tcpdump
