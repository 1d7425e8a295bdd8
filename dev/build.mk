# How the library and the install script are built: PGXS, told about the rooms.
#
# PGXS uses some hundred variables, INSTALL_SCRIPT among them, and a clash does
# harm to the machine; so ours are called rbac_*, unless PGXS asks for them.

PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifeq (,$(PGXS))
$(error cannot build with "$(PG_CONFIG)": install postgresql-server-dev-15, or name the pg_config of a server with PG_CONFIG=/path/to/pg_config)
endif

# The library: the C of every room in the list, and nothing else.  What a
# transaction runs that says who is asking and checks something comes first, and so
# lies together: a new process pays for each stretch of code, and each page of
# variables, that it touches for the first time.
rbac_objects = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c $(ROOMS:%=src/%/*.c))))
rbac_hot = $(addprefix src/,$(addsuffix .o,identity/identity replicas/readiness admin/dynamic_duty \
	cache/moment cache/exchange cache/facts cache/ring cache/words \
	decision/plan_class decision/decide decision/call_site))
OBJS = $(rbac_hot) $(filter-out $(rbac_hot),$(rbac_objects))

# The install script: the prologue, then each room's parts in order.
rbac_room_parts = $(if $($(1)_SQL),$($(1)_SQL:%=src/$(1)/%.sql),$(sort $(wildcard src/$(1)/*.sql)))
rbac_parts := src/prologue.sql $(foreach room,$(ROOMS),$(call rbac_room_parts,$(room)))
rbac_script = $(EXTENSION)--$(EXTVERSION).sql
DATA_built = $(rbac_script)
DATA = $(wildcard upgrade/$(EXTENSION)--*--*.sql)

# Warnings are errors in our code, and not our business in the server's headers.
# Packagers with a compiler newer than ours can build with WERROR= .
WERROR ?= -Werror
PG_CPPFLAGS = -Isrc -isystem $(includedir_server) -MMD -MP -DRBAC_VERSION='"$(EXTVERSION)"'
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter $(WERROR)

# A check is a chain of short calls: those between our own files are resolved
# when we link, and nobody may put themselves in between.
PG_CFLAGS += -fno-semantic-interposition -fno-plt
SHLIB_LINK += -Wl,-Bsymbolic-functions

# PGXS passes the flags of the compiler that built the server; clang would warn
# of those that only gcc knows.
ifneq (,$(findstring clang,$(shell $(CC) --version 2>/dev/null)))
PG_CFLAGS += -Wno-unknown-warning-option -Wno-ignored-optimization-argument
endif

# Bitcode would let the JIT inline our functions. They are too large to be
# inlined, and it asks every builder for the clang that built the server.
override with_llvm = no

REGRESS_OPTS = --load-extension=$(EXTENSION)
ISOLATION_OPTS = --load-extension=$(EXTENSION) --inputdir=test/isolation

EXTRA_CLEAN = $(wildcard $(EXTENSION)--*.sql src/*.o src/*/*.o src/*.d src/*/*.d)

include $(PGXS)

ifneq (,$(filter 9.% 10 11 12 13 14,$(MAJORVERSION)))
$(error rbac needs PostgreSQL 15 or newer, and "$(PG_CONFIG)" belongs to $(MAJORVERSION))
endif

# An edit of a header rebuilds what includes it; an edit of the lists or of the
# version, everything.
-include $(OBJS:.o=.d)
$(OBJS): rbac.control Makefile dev/build.mk

$(rbac_script): $(rbac_parts) rbac.control Makefile dev/build.mk
	@set -e; for part in $(rbac_parts); do \
		printf -- '-- %s\n\n' "$$part"; cat "$$part"; echo; \
	done > $@
	@echo 'assembled $@ from $(words $(rbac_parts)) parts'

.DELETE_ON_ERROR:
