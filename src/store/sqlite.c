/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SQLite store: one file, write-ahead log, one sync per batch (synchronous=FULL in WAL mode
 * syncs the log at every commit). Ids are text, so that `sqlite3 FILE` shows what is there.
 *
 * Copying the log back into the file takes tens of milliseconds, in which commits wait. So it is
 * done when there is nothing else to do, and in the middle of work only when the log has grown very
 * long.
 *
 * The file is ours when it has our application_id; user_version is the version of the schema. A
 * file that is somebody else's, newer, damaged or in use is refused with what to do about it, and
 * never created anew in its place. The lock is SQLite's exclusive locking mode, held from opening
 * to closing; it ends with the process, however that ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "store/store_impl.h"

#define APPLICATION_ID 0x77656674 /* "weft" */
#define SCHEMA_VERSION 1
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE object (kind TEXT NOT NULL, id TEXT NOT NULL, revision INTEGER NOT NULL,"
	"  data TEXT NOT NULL, PRIMARY KEY (id, kind));"
	"CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
	"PRAGMA application_id=" TEXT(APPLICATION_ID) ";"
						      "PRAGMA user_version=" TEXT(
							      SCHEMA_VERSION) ";";

struct sqlite {
	char *path;
	sqlite3 *db;
	sqlite3_stmt *begin, *commit, *rollback, *put, *delete, *revision;
};

/* What went wrong and what to do, by SQLite's code. Always returns false. */
static bool fail(struct sqlite *store, const char *what, GError **error)
{
	int code = sqlite3_errcode(store->db) & 0xff;
	const char *reason = sqlite3_errmsg(store->db);

	switch (code) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return weft_fail(error, UNAVAILABLE,
			"store %s is in use by another process (is a second weftd running?): stop it, or give this one a store of its own",
			store->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return weft_fail(error, STORE_CORRUPT,
			"store %s is damaged (%s): restore it from a backup, or try `sqlite3 %s .recover`; it has been left as it is",
			store->path, reason, store->path);
	default:
		return weft_fail(error, UNAVAILABLE,
			"cannot %s store %s: %s; check the path, its permissions and the free space",
			what, store->path, reason);
	}
}

static bool execute(struct sqlite *store, const char *sql, const char *what, GError **error)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       fail(store, what, error);
}

static bool prepare(struct sqlite *store, sqlite3_stmt **ret, const char *sql, GError **error)
{
	return sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL) ==
		       SQLITE_OK ||
	       fail(store, "read", error);
}

/* The first column of the first row of @sql as a number. */
static bool query_int(struct sqlite *store, const char *sql, s64 *ret, GError **error)
{
	sqlite3_stmt *statement = NULL;
	bool ok = prepare(store, &statement, sql, error);

	if (ok && sqlite3_step(statement) == SQLITE_ROW)
		*ret = sqlite3_column_int64(statement, 0);
	else if (ok)
		ok = fail(store, "read", error);
	sqlite3_finalize(statement);
	return ok;
}

static bool set_meta(struct sqlite *store, GError **error)
{
	char id[UUID_STRLEN], sql[160];
	struct uuid uuid = uuid_random();

	g_snprintf(sql, sizeof(sql),
		"INSERT INTO meta VALUES ('uuid', '%s'), ('revision', 0); COMMIT;",
		uuid_format(&uuid, id));
	return execute(store, sql, "create", error);
}

/* Whose file it is, and of which version, before anything in it is touched. */
static bool check_version(struct sqlite *store, bool *ret_new, GError **error)
{
	s64 application, version, tables;

	if (!query_int(store, "PRAGMA application_id", &application, error) ||
		!query_int(store, "PRAGMA user_version", &version, error) ||
		!query_int(store, "SELECT count(*) FROM sqlite_schema", &tables, error))
		return false;
	*ret_new = !tables && !application && !version;
	if (*ret_new)
		return true;
	if (application != APPLICATION_ID)
		return weft_fail(error, STORE_CORRUPT,
			"%s is a database of something else than weft: give the path of a weft store, or of a file that does not exist",
			store->path);
	if (version > SCHEMA_VERSION)
		return weft_fail(error, STORE_VERSION,
			"store %s has schema version %" G_GINT64_FORMAT
			", this weftd knows up to %d: it was written by a newer weftd, run that one; it has been left as it is",
			store->path, version, SCHEMA_VERSION);
	return true;
}

/* A file that lost its end, or pages of it, is found now and not in the middle of something. */
static bool check_integrity(struct sqlite *store, GError **error)
{
	sqlite3_stmt *statement = NULL;
	bool ok = prepare(store, &statement, "PRAGMA quick_check(1)", error);
	const char *verdict;

	if (!ok)
		return false;
	if (sqlite3_step(statement) != SQLITE_ROW) {
		ok = fail(store, "check", error);
	} else {
		verdict = (const char *)sqlite3_column_text(statement, 0);
		if (g_strcmp0(verdict, "ok"))
			ok = weft_fail(error, STORE_CORRUPT,
				"store %s is damaged (%s): restore it from a backup, or try `sqlite3 %s .recover`; it has been left as it is",
				store->path, verdict, store->path);
	}
	sqlite3_finalize(statement);
	return ok;
}

static bool read_meta(
	struct sqlite *store, struct uuid *ret_uuid, u64 *ret_revision, GError **error)
{
	sqlite3_stmt *statement = NULL;
	const char *text = NULL;
	s64 revision;
	bool ok = prepare(store, &statement, "SELECT value FROM meta WHERE key='uuid'", error);

	if (ok && sqlite3_step(statement) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(statement, 0);
	if (ok && (!text || !uuid_parse(text, ret_uuid)))
		ok = weft_fail(error, STORE_CORRUPT,
			"store %s has no uuid: restore it from a backup", store->path);
	sqlite3_finalize(statement);
	if (!ok ||
		!query_int(store, "SELECT value FROM meta WHERE key='revision'", &revision, error))
		return false;
	*ret_revision = (u64)revision;
	return true;
}

static bool prepare_all(struct sqlite *store, GError **error)
{
	return prepare(store, &store->begin, "BEGIN IMMEDIATE", error) &&
	       prepare(store, &store->commit, "COMMIT", error) &&
	       prepare(store, &store->rollback, "ROLLBACK", error) &&
	       prepare(store, &store->put,
		       "INSERT INTO object (kind, id, revision, data) VALUES (?1, ?2, ?3, ?4) "
		       "ON CONFLICT (id, kind) DO UPDATE SET revision=?3, data=?4",
		       error) &&
	       prepare(store, &store->delete, "DELETE FROM object WHERE id=?2 AND kind=?1",
		       error) &&
	       prepare(store, &store->revision, "UPDATE meta SET value=?1 WHERE key='revision'",
		       error);
}

static void sqlite_close(void *backend)
{
	struct sqlite *store = backend;

	sqlite3_finalize(store->begin);
	sqlite3_finalize(store->commit);
	sqlite3_finalize(store->rollback);
	sqlite3_finalize(store->put);
	sqlite3_finalize(store->delete);
	sqlite3_finalize(store->revision);
	sqlite3_close(store->db);
	g_free(store->path);
	g_free(store);
}

/* SQLite takes an empty file for a new database; one that was there and is empty has been cut. */
static bool check_file(const char *path, GError **error)
{
	struct stat status;

	if (stat(path, &status) || status.st_size)
		return true;
	return weft_fail(error, STORE_CORRUPT,
		"store %s is an empty file: restore it from a backup, or remove it to start anew",
		path);
}

/* SQLite opens what it may not write for reading. */
static bool check_writable(struct sqlite *store, GError **error)
{
	return sqlite3_db_readonly(store->db, "main") != 1 ||
	       weft_fail(error, UNAVAILABLE,
		       "store %s is read-only: its permissions or its file system do not let weftd write",
		       store->path);
}

static bool set_up(struct sqlite *store, struct uuid *ret_uuid, u64 *ret_revision, GError **error)
{
	bool new;

	if (!check_writable(store, error) ||
		!execute(store, "PRAGMA locking_mode=EXCLUSIVE", "open", error) ||
		!check_version(store, &new, error) ||
		!execute(store,
			"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
			"PRAGMA wal_autocheckpoint=16000; PRAGMA cache_size=-16000;"
			"BEGIN EXCLUSIVE; COMMIT;",
			"open", error))
		return false;
	if (new && (!execute(store, schema, "create", error) || !set_meta(store, error)))
		return false;
	return check_integrity(store, error) && read_meta(store, ret_uuid, ret_revision, error) &&
	       prepare_all(store, error);
}

static void *sqlite_open(const char *path, struct uuid *ret_uuid, u64 *ret_revision, GError **error)
{
	struct sqlite *store;
	int result;

	if (!*path) {
		weft_fail(error, INVALID_INPUT, "store 'sqlite:' has no path: give sqlite:PATH");
		return NULL;
	}
	if (!check_file(path, error))
		return NULL;
	store = g_new0(struct sqlite, 1);
	store->path = g_strdup(path);
	result = sqlite3_open_v2(path, &store->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (result == SQLITE_OK ? set_up(store, ret_uuid, ret_revision, error)
				: fail(store, "open", error))
		return store;
	sqlite_close(store);
	return NULL;
}

static bool sqlite_load(void *backend, store_load_fn load, void *user, GError **error)
{
	struct sqlite *store = backend;
	sqlite3_stmt *statement = NULL;
	bool ok = prepare(store, &statement,
		"SELECT kind, id, revision, data FROM object ORDER BY rowid", error);
	struct uuid id;
	int step = SQLITE_DONE;

	while (ok && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(statement, 1);

		if (!uuid_parse(text, &id))
			ok = weft_fail(error, STORE_CORRUPT,
				"store %s has an object with the id '%.64s', which is no UUID: restore it from a backup",
				store->path, text);
		else
			ok = load((const char *)sqlite3_column_text(statement, 0), &id,
				(u64)sqlite3_column_int64(statement, 2),
				(const char *)sqlite3_column_text(statement, 3), error, user);
	}
	if (ok && step != SQLITE_DONE)
		ok = fail(store, "read", error);
	sqlite3_finalize(statement);
	return ok;
}

static bool step(struct sqlite *store, sqlite3_stmt *statement, GError **error)
{
	bool ok = sqlite3_step(statement) == SQLITE_DONE || fail(store, "write to", error);

	sqlite3_reset(statement);
	return ok;
}

static bool write_change(
	struct sqlite *store, u64 revision, const struct store_change *change, GError **error)
{
	sqlite3_stmt *statement = change->data ? store->put : store->delete;
	char id[UUID_STRLEN];

	uuid_format(&change->id, id);
	sqlite3_bind_text(statement, 1, change->kind, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 2, id, UUID_STRLEN - 1, SQLITE_STATIC);
	if (change->data) {
		sqlite3_bind_int64(statement, 3, (s64)revision);
		sqlite3_bind_text(statement, 4, change->data, -1, SQLITE_STATIC);
	}
	return step(store, statement, error);
}

static bool write_sets(struct sqlite *store, const GQueue *sets, GError **error)
{
	const struct store_set *last = sets->tail->data;

	for (GList *link = sets->head; link; link = link->next) {
		const struct store_set *set = link->data;

		for (unsigned i = 0; i < set->n; i++)
			if (!write_change(store, set->revision, &set->changes[i], error))
				return false;
	}
	sqlite3_bind_int64(store->revision, 1, (s64)last->revision);
	return step(store, store->revision, error);
}

static bool sqlite_commit(void *backend, const GQueue *sets, GError **error)
{
	struct sqlite *store = backend;

	if (step(store, store->begin, error) && write_sets(store, sets, error) &&
		step(store, store->commit, error))
		return true;
	/* A commit that failed may have ended the transaction already. */
	if (!sqlite3_get_autocommit(store->db))
		step(store, store->rollback, NULL);
	return false;
}

static void sqlite_idle(void *backend)
{
	struct sqlite *store = backend;

	sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

const struct store_backend store_sqlite = {
	.scheme = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.load = sqlite_load,
	.commit = sqlite_commit,
	.idle = sqlite_idle,
};
