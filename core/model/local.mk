noinst_LTLIBRARIES += core/model/libmodel.la
core_model_libmodel_la_SOURCES = \
	core/model/changes.c \
	core/model/events.c \
	core/model/filter.c \
	core/model/history.c core/model/history.h core/model/history_internal.h core/model/history_rows.c \
	core/model/json.c \
	core/model/json_plain.c \
	core/model/model.h core/model/model_internal.h \
	core/model/pattern.c core/model/pattern.h \
	core/model/query.c \
	core/model/row.c \
	core/model/schema.c core/model/schema.h \
	core/model/store.c core/model/store_internal.h
