# ipfrs: one Makefile, no recursion.  `make help` lists the targets.
CC ?= cc
PREFIX ?= /usr/local
DESTDIR ?=
BUILD ?= build$(if $(SAN),-san)$(if $(filter clang%,$(notdir $(CC))),-clang)
BIN ?= $(if $(filter build,$(BUILD)),bin,$(BUILD)/bin)
FUZZ_CC ?= clang
FUZZ_BUILD ?= build-fuzz
FUZZ_SECONDS ?= 20

WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
       -Wwrite-strings -Wvla
HARD = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -fstack-clash-protection
LINK = -pie -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -Wl,--gc-sections
OPT ?= -O2 -g
ifdef SAN
OPT = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARD = -fPIE
LINK = -pie -fsanitize=address,undefined -Wl,--as-needed
endif
VERSION := $(shell cat VERSION)
BASE_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -Ilibcore -Ilibnet -I$(BUILD) $(WARN) -pthread \
              -fvisibility=hidden -DIPFRS_VERSION='"$(VERSION)"' -MMD -MP
ALL_CFLAGS = $(BASE_CFLAGS) $(OPT) $(HARD) $(CFLAGS)

# Libraries are linked statically where their archives are installed: loading them is half of what it takes to start a
# command (libb2 alone brings libgomp, libarchive libxml2 and ICU), and a server forks faster with fewer of them mapped.
# SHARED=1 for packagers.  GnuTLS and curl are loaded as they are: what is fixed in them should not wait for us.  GnuTLS
# is loaded by who speaks TLS (wire/tls/library.c); it is linked to the tests' clients only.
SMALL := b2 archive bz2 lzma lz4 lmdb secp256k1 hogweed zstd z nettle gmp
NET_SMALL := nghttp2 brotlienc brotlidec brotlicommon magic
NET_LARGE := -lgnutls -lcurl-gnutls -lresolv -lm
have = $(filter /%,$(shell $(CC) -print-file-name=lib$1.a))
# libarchive.a and libmagic.a want what they use as archives, too; libb2 comes first since libarchive.a has a slow copy
# of BLAKE2s
ifeq ($(SHARED)$(SAN)$(if $(and $(call have,archive),$(call have,magic),$(call have,bz2),$(call have,lzma),$(call have,lz4)),,no),)
static = $(if $(call have,$1),-l:lib$1.a,-l$1)
else
static = $(if $(filter bz2 lzma lz4,$1),,-l$1)
endif
LIBS := $(foreach l,$(SMALL),$(call static,$l))
# of libnet, in the programs that have it
NET_LIBS := $(foreach l,$(NET_SMALL),$(call static,$l)) $(NET_LARGE)
FUZZ_LIBS := $(NET_SMALL:%=-l%) $(NET_LARGE) $(patsubst %,-l%,$(filter-out bz2 lzma lz4,$(SMALL)))

LIB := $(BUILD)/libcore.a
LIB_SRC := $(sort $(wildcard libcore/*/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
NET_LIB := $(BUILD)/libnet.a
NET_SRC := $(sort $(wildcard libnet/*/*.c libnet/*/*/*.c))
NET_OBJ := $(NET_SRC:%.c=$(BUILD)/%.o)
CMD_LIB := $(BUILD)/libcmd.a
CMD_OBJ := $(patsubst %,$(BUILD)/cmd/%.o,cmd help run cids describe files told edit upstream names where)
# UNPLUGGED=1: without libnet, where no network library is installed
NET_COMMANDS := ipfrs-serve ipfrs-fetch ipfrs-remote
COMMANDS := $(filter-out $(if $(UNPLUGGED),$(NET_COMMANDS)),$(shell cut -f1 cmd/COMMANDS))
PROGRAMS := $(COMMANDS:%=$(BIN)/%)
MANUALS := $(sort $(wildcard man/*.[1-9]))
UNIT_SRC := $(sort $(wildcard tests/unit/*/*_test.c tests/unit/*/*/*_test.c))
ifdef UNPLUGGED
UNIT_SRC := $(filter-out tests/unit/api/% tests/unit/serve/% tests/unit/wire/% tests/unit/peer/%,$(UNIT_SRC))
endif
UNITS := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/unit/%)
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*_fuzz.c))
ifdef UNPLUGGED
FUZZ_SRC := $(filter-out $(shell grep -lE '"(wire|api|peer|serve)/' $(FUZZ_SRC)),$(FUZZ_SRC))
NET_LIB :=
NET_LIBS :=
endif
FUZZERS := $(FUZZ_SRC:tests/fuzz/%_fuzz.c=$(FUZZ_BUILD)/fuzz/%)
FUZZ_OBJ := $(patsubst %.c,$(FUZZ_BUILD)/%.o,$(LIB_SRC) $(NET_SRC))
SEEDS := $(FUZZ_SRC:tests/fuzz/%_fuzz.c=$(BUILD)/seeds/%)

# what the scripts need to know of this build
TELL = BUILD='$(abspath $(BUILD))' BIN='$(abspath $(BIN))' CC='$(CC)' SAN='$(SAN)' \
       UNITS='$(UNITS)' SEEDS='$(SEEDS)'

all: $(PROGRAMS)

help:
	@echo 'all           build the programs into $(BIN)/ (the default)'
	@echo 'check         all tests that need no network; SAN=1 under ASan and UBSan'
	@echo 'unit layers fuzz-seeds man-lint bats net   one kind of test each'
	@echo 'fuzz          run each fuzzer for FUZZ_SECONDS ($(FUZZ_SECONDS))'
	@echo 'torture       faults, power cuts, kill -9; bench: speed; interop: against Kubo'
	@echo 'completions   write COMPLETIONS/ anew from the option tables'
	@echo 'install       DESTDIR=$(DESTDIR) PREFIX=$(PREFIX); uninstall; clean'
	@echo 'CC=clang and SAN=1 build in folders of their own.  UNPLUGGED=1 (all, unit, fuzz-seeds): without a network.'

# ---- compile and link ----
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/tests/%.o: BASE_CFLAGS += -Itests/unit

# cmd/COMMANDS as C: the list the dispatcher knows
$(BUILD)/commands.h: cmd/COMMANDS
	@mkdir -p $(@D)
	@awk -F '\t' 'BEGIN { printf "#define COMMANDS" } { gsub(/["\\]/, "\\\\&"); \
		printf " \\\n\t{ \"%s\", \"%s\", \"%s\" },", $$1, $$2, $$3 } END { print "" }' $< > $@.new
	@mv $@.new $@
$(BUILD)/cmd/ipfrs.o: $(BUILD)/commands.h

# what makes the gateway's pages, in short: their tags change when it does
PAGE_SRC := $(patsubst %,libnet/api/gateway/%.c,page style listing preview)
$(BUILD)/pages.h: $(PAGE_SRC)
	@mkdir -p $(@D)
	@printf '#define PAGES_SUM "%.32s"\n' "$$(cat $(PAGE_SRC) | sha256sum)" > $@.new
	@mv $@.new $@
$(BUILD)/libnet/api/gateway/page.o $(FUZZ_BUILD)/libnet/api/gateway/page.o: $(BUILD)/pages.h

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(NET_LIB): $(NET_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(CMD_LIB): $(CMD_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

# A program is its own file, the shared manners of cmd/cmd.c, and what it needs of the library.
# --as-needed drops the libraries it does not use, so that ipfrs-cat never loads libarchive.
$(BIN)/ipfrs-serve: $(BUILD)/cmd/serve.o $(BUILD)/cmd/apifile.o
$(NET_COMMANDS:%=$(BIN)/%): $(NET_LIB)
$(NET_COMMANDS:%=$(BIN)/%): NET := $(NET_LIB)
$(NET_COMMANDS:%=$(BIN)/%): MORE := $(NET_LIBS)
$(BIN)/%: $(BUILD)/cmd/%.o $(CMD_LIB) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LINK) -pthread -o $@ $(filter-out $(LIB) $(NET_LIB),$^) $(NET) $(LIB) $(MORE) $(LIBS) $(LDFLAGS)

# what needs a socket; libcore is tested without it
NET_UNITS := $(filter $(BUILD)/unit/api/% $(BUILD)/unit/serve/% $(BUILD)/unit/wire/% $(BUILD)/unit/peer/%,$(UNITS))
$(NET_UNITS): $(NET_LIB)
$(NET_UNITS): NET := $(NET_LIB)
$(NET_UNITS): MORE := $(NET_LIBS)

$(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LINK) -pthread -o $@ $(filter-out $(LIB) $(NET_LIB),$^) $(NET) $(LIB) $(MORE) $(LIBS) $(LDFLAGS)

# A fuzz target with a plain main that runs every seed once: an ordinary test.
$(BUILD)/seeds/%: $(BUILD)/tests/fuzz/%_fuzz.o $(BUILD)/tests/fuzz/seed_main.o $(NET_LIB) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LINK) -pthread -o $@ $^ $(NET_LIBS) $(LIBS) $(LDFLAGS)

# programs of ours the interop tests talk to
$(BUILD)/interop/%: $(BUILD)/tests/interop/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LINK) -pthread -o $@ $^ $(LIBS) $(LDFLAGS)

$(BUILD)/bench/http1: $(NET_LIB)
$(BUILD)/bench/http1: NET := $(NET_LIB)

$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(OPT) $(LINK) -pthread -o $@ $(filter-out $(LIB) $(NET_LIB),$^) $(NET) $(LIB) $(MORE) $(LIBS) $(LDFLAGS)

$(FUZZ_BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(FUZZ_CC) $(BASE_CFLAGS) -O1 -g -fno-omit-frame-pointer \
		-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -c -o $@ $<

$(FUZZ_BUILD)/fuzz/%: $(FUZZ_BUILD)/tests/fuzz/%_fuzz.o $(FUZZ_OBJ)
	@mkdir -p $(@D)
	$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -pthread -o $@ $^ $(FUZZ_LIBS) $(LDFLAGS)

.SECONDARY:
-include $(shell find $(BUILD) $(FUZZ_BUILD) -name '*.d' 2>/dev/null)

# ---- tests ----
check: all $(UNITS) $(SEEDS)
	@$(TELL) scripts/run-checks unit seeds bats net man layers generated

unit: $(UNITS)
	@$(TELL) scripts/run-checks unit

fuzz-seeds: $(SEEDS)
	@$(TELL) scripts/run-checks seeds

bats: all
	@$(TELL) scripts/run-checks bats

net: all
	@$(TELL) scripts/run-checks net

man-lint:
	@$(TELL) scripts/run-checks man

layers:
	@scripts/layers -p

fuzz: $(FUZZERS)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_BUILD=$(FUZZ_BUILD) scripts/run-fuzz $(FUZZERS)

torture: all
	@$(TELL) scripts/torture $(TORTURE)

bench: all $(BUILD)/bench/grow
	@$(TELL) scripts/bench $(BENCH)

interop: all $(BUILD)/interop/modify
	@$(TELL) scripts/interop

# ---- generated and checked in ----
completions: all
	@BIN='$(abspath $(BIN))' scripts/completions COMPLETIONS

# ---- install ----
install: all
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' BIN='$(abspath $(BIN))' scripts/install

uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install -u

clean:
	rm -rf build build-* bin

.PHONY: all help check unit fuzz-seeds bats net man-lint layers fuzz torture bench interop \
	completions install uninstall clean
