# What rbac is made of. `make help` says what can be done with it.

EXTENSION = rbac
MODULE_big = rbac

# The one place where the version is written is the control file.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" rbac.control)
ifeq (,$(EXTVERSION))
$(error rbac.control has no default_version)
endif

# The rooms, from the bottom up: each uses only those before it.
ROOMS = model identity cache decision review admin replicas isolation workflow summary

# The SQL of each room, in the order in which it is installed, named without
# folder and suffix: `model_SQL = tables constraints`. A room without a list
# installs all of its SQL files in alphabetical order.
model_SQL = tables rules seed
decision_SQL = decision explain require holders
review_SQL = in_force assignments permissions
replicas_SQL = revision barrier publication
isolation_SQL = declared policies protect explain_row examined doctor_tables doctor_tenants doctor_roles doctor_policies doctor_views doctor_server doctor
workflow_SQL = tables rules delegation attach questions examined
summary_SQL = registry aggregates tables views policies create follow maintenance examined

# The regress scripts, in the order in which they run (sql/, expected/).
REGRESS = model identity identity_from_settings attack_identity decision depth index_condition isolation isolation_rows isolation_plans attack_isolation explain explain_row doctor require holders review admin admin_errors admin_direct delegated_administration escalation separation_of_duty foreign_triggers workflow workflow_steps workflow_writes workflow_errors workflow_admin workflow_redmine workflow_publication attack_workflow status_aggregates summary summary_rows summary_partitions summary_errors attack_summary replication

# The isolation specs (test/isolation/specs, test/isolation/expected).
ISOLATION = freshness own_changes explanations cycle_two_sessions conflict_two_sessions dynamic_conflict_other_session revoke_barrier revisions workflow summary_writers summary_detach

PG_CONFIG ?= pg_config

.DEFAULT_GOAL := all

# PGXS claims the name `check` for a message that says it cannot, so what works
# on the whole house and what PGXS does stand apart.
HOUSE = help needs check check-% accept demo bench bench-growth bench-isolation bench-tasks bench-workflow stress
ifneq (,$(filter $(HOUSE),$(MAKECMDGOALS)))
include dev/house.mk
else
include dev/build.mk
endif
