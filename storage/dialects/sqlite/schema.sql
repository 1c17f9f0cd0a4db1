BEGIN TRANSACTION;
CREATE TABLE acknowledgements (
	"key" TEXT NOT NULL, 
	covers INTEGER NOT NULL, 
	operator TEXT NOT NULL, 
	at TEXT NOT NULL, 
	until TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0015');
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	operator TEXT NOT NULL, 
	host TEXT NOT NULL, 
	session TEXT NOT NULL, 
	action TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	details TEXT NOT NULL, 
	previous TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE counters (
	name TEXT NOT NULL, 
	value INTEGER NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE fingerprint_pieces (
	system TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	records BLOB NOT NULL, 
	PRIMARY KEY (system, number)
);
CREATE TABLE fingerprints (
	system TEXT NOT NULL, 
	step_id INTEGER NOT NULL, 
	reading TEXT NOT NULL, 
	since TEXT NOT NULL, 
	PRIMARY KEY (system)
);
CREATE TABLE given_values (
	mvo_type TEXT NOT NULL, 
	attribute TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	mvo_id INTEGER NOT NULL, 
	value TEXT NOT NULL, 
	made_of TEXT NOT NULL, 
	since TEXT NOT NULL, 
	until TEXT, 
	is_alias BOOLEAN NOT NULL, 
	PRIMARY KEY (mvo_type, attribute, "key", mvo_id)
)
 WITHOUT ROWID

;
CREATE TABLE held_batches (
	id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	step_id INTEGER NOT NULL, 
	system TEXT NOT NULL, 
	type TEXT NOT NULL, 
	gate TEXT NOT NULL, 
	missing INTEGER NOT NULL, 
	arithmetic TEXT NOT NULL, 
	state TEXT NOT NULL, 
	at TEXT NOT NULL, 
	decided_by TEXT, 
	reason TEXT, partition TEXT DEFAULT '' NOT NULL, in_common TEXT DEFAULT '[]' NOT NULL, digest TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE held_candidates (
	batch_id INTEGER NOT NULL, 
	object_id INTEGER NOT NULL, 
	PRIMARY KEY (batch_id, object_id), 
	FOREIGN KEY(batch_id) REFERENCES held_batches (id)
)
 WITHOUT ROWID

;
CREATE TABLE imports (
	step_id INTEGER NOT NULL, 
	system TEXT NOT NULL, 
	"full" BOOLEAN NOT NULL, 
	complete BOOLEAN NOT NULL, 
	reason TEXT NOT NULL, 
	types TEXT NOT NULL, 
	partitions TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	ended_at TEXT, 
	sightings BLOB, known_up_to INTEGER, watermark TEXT, looked_for TEXT DEFAULT '{}' NOT NULL, state TEXT, read_by INTEGER, 
	PRIMARY KEY (step_id), 
	FOREIGN KEY(step_id) REFERENCES steps (id)
);
CREATE TABLE item_errors (
	id INTEGER NOT NULL, 
	step_id INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	message TEXT NOT NULL, 
	advice TEXT NOT NULL, 
	system TEXT NOT NULL, 
	type TEXT NOT NULL, 
	label TEXT NOT NULL, 
	position TEXT NOT NULL, 
	object_id INTEGER, is_warning BOOLEAN DEFAULT 0 NOT NULL, mvo_id INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(step_id) REFERENCES steps (id)
);
CREATE TABLE join_keys (
	owner TEXT NOT NULL, 
	attributes TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	object_id INTEGER NOT NULL, 
	PRIMARY KEY (owner, attributes, "key", object_id)
)
 WITHOUT ROWID

;
CREATE TABLE lease (
	id INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	run_id INTEGER NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	process TEXT NOT NULL, 
	heartbeat_at TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE leaving (
	id INTEGER NOT NULL, 
	mvo_id INTEGER NOT NULL, 
	since TEXT, 
	gone_at TEXT, 
	next_at TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE metaverse (
	id INTEGER NOT NULL, 
	type TEXT NOT NULL, 
	attributes TEXT NOT NULL, 
	contributors TEXT NOT NULL, 
	deleted BOOLEAN NOT NULL, 
	delete_after TEXT, 
	approval_id INTEGER, 
	due BOOLEAN NOT NULL, 
	created_at TEXT NOT NULL, 
	changed_at TEXT NOT NULL, deletion_cause TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE mvo_references (
	mvo_id INTEGER NOT NULL, 
	attribute TEXT NOT NULL, 
	target_id INTEGER NOT NULL, 
	PRIMARY KEY (mvo_id, attribute, target_id)
)
 WITHOUT ROWID

;
CREATE TABLE notifications (
	id INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	run_id INTEGER NOT NULL, 
	channel TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	failure TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE objects (
	id INTEGER NOT NULL, 
	system TEXT NOT NULL, 
	type TEXT NOT NULL, 
	external_id TEXT, 
	secondary_id TEXT, 
	secondary_key TEXT, 
	partition TEXT NOT NULL, 
	status TEXT NOT NULL, 
	attributes TEXT NOT NULL, 
	hash BIGINT NOT NULL, 
	mvo_id INTEGER, 
	joined_by TEXT, 
	due BOOLEAN NOT NULL, 
	kept BOOLEAN NOT NULL, 
	created_at TEXT NOT NULL, 
	changed_at TEXT NOT NULL, sought_by TEXT, name TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE offers (
	step_id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	operator TEXT NOT NULL, 
	phase TEXT NOT NULL, 
	system TEXT NOT NULL, 
	names TEXT NOT NULL, 
	version TEXT NOT NULL, 
	settings TEXT NOT NULL, 
	worker TEXT, 
	refusal TEXT, 
	PRIMARY KEY (step_id)
);
CREATE TABLE owed_passwords (
	cso_id INTEGER NOT NULL, 
	since TEXT NOT NULL, 
	why TEXT NOT NULL, 
	PRIMARY KEY (cso_id)
);
CREATE TABLE owed_references (
	id INTEGER NOT NULL, 
	direction TEXT NOT NULL, 
	owner_id INTEGER NOT NULL, 
	attribute TEXT NOT NULL, 
	system TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	since TEXT NOT NULL, 
	told BOOLEAN NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE pending_exports (
	id INTEGER NOT NULL, 
	cso_id INTEGER NOT NULL, 
	system TEXT NOT NULL, 
	type TEXT NOT NULL, 
	change_type TEXT NOT NULL, 
	status TEXT NOT NULL, 
	wave INTEGER NOT NULL, 
	changes TEXT NOT NULL, 
	new_secondary_id TEXT, 
	held BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_retry_at TEXT, 
	error_code TEXT, 
	error_message TEXT, 
	approval_id INTEGER, 
	cause TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	changed_at TEXT NOT NULL, interim_id TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT no_delete_without_approval CHECK (change_type <> 'Delete' OR status = 'AwaitingApproval' OR approval_id IS NOT NULL), 
	FOREIGN KEY(cso_id) REFERENCES objects (id), 
	UNIQUE (cso_id)
);
CREATE TABLE review_items (
	id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	object_id INTEGER NOT NULL, 
	system TEXT NOT NULL, 
	type TEXT NOT NULL, 
	label TEXT NOT NULL, 
	state TEXT NOT NULL, 
	run_id INTEGER, 
	opened_at TEXT NOT NULL, 
	evidence TEXT NOT NULL, 
	consequences TEXT NOT NULL, 
	decided_by TEXT, 
	decided_at TEXT, 
	reason TEXT, 
	deferred_until TEXT, 
	carried_out_at TEXT, first_by TEXT, audit_id INTEGER, 
	PRIMARY KEY (id)
);
CREATE TABLE rule_marks (
	scope TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	PRIMARY KEY (scope)
);
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	profile TEXT NOT NULL, 
	operator TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	started_at TEXT NOT NULL, 
	ended_at TEXT, 
	result TEXT, 
	stop_requested_by TEXT, backlog INTEGER, waiting INTEGER, 
	PRIMARY KEY (id)
);
CREATE TABLE steps (
	id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	position INTEGER NOT NULL, 
	phase TEXT NOT NULL, 
	system TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	ended_at TEXT, 
	result TEXT, 
	done INTEGER NOT NULL, 
	total INTEGER, 
	statistics TEXT NOT NULL, 
	message TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run_id) REFERENCES runs (id)
);
CREATE TABLE tombstones (
	id INTEGER NOT NULL, 
	object_id INTEGER NOT NULL, 
	system TEXT NOT NULL, 
	type TEXT NOT NULL, 
	external_id TEXT, 
	secondary_id TEXT, 
	attributes TEXT NOT NULL, 
	mvo_id INTEGER, 
	review_id INTEGER, 
	at TEXT NOT NULL, restored_as INTEGER, secondary_key TEXT, deleted BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE transitions (
	id INTEGER NOT NULL, 
	at TEXT NOT NULL, 
	entity TEXT NOT NULL, 
	entity_id INTEGER NOT NULL, 
	system TEXT NOT NULL, 
	label TEXT NOT NULL, 
	from_status TEXT, 
	to_status TEXT, 
	step_id INTEGER, 
	operator TEXT, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE wanted (
	cso_id INTEGER NOT NULL, 
	marks TEXT NOT NULL, 
	PRIMARY KEY (cso_id)
);
CREATE TABLE workers (
	name TEXT NOT NULL, 
	host TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	process TEXT NOT NULL, 
	version TEXT NOT NULL, 
	settings TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	heartbeat_at TEXT NOT NULL, 
	PRIMARY KEY (name)
);
CREATE INDEX held_by_state ON held_batches (state, system);
CREATE INDEX join_keys_by_object ON join_keys (owner, object_id);
CREATE INDEX metaverse_by_type ON metaverse (type);
CREATE INDEX metaverse_due ON metaverse (id) WHERE due = 1;
CREATE INDEX metaverse_grace ON metaverse (delete_after) WHERE delete_after IS NOT NULL;
CREATE UNIQUE INDEX objects_by_external_id ON objects (system, type, external_id);
CREATE INDEX objects_by_mvo ON objects (mvo_id) WHERE mvo_id IS NOT NULL;
CREATE INDEX objects_by_secondary ON objects (system, secondary_key, type) WHERE secondary_key IS NOT NULL;
CREATE INDEX objects_by_status ON objects (system, type, status, partition);
CREATE INDEX objects_due ON objects (id) WHERE due = 1;
CREATE INDEX review_by_object ON review_items (object_id);
CREATE INDEX review_by_state ON review_items (state, system, id);
CREATE INDEX tombstones_by_object ON tombstones (object_id);
CREATE INDEX transitions_of ON transitions (entity, entity_id);
CREATE INDEX exports_in_order ON pending_exports (system, status, wave, id);
CREATE INDEX steps_by_run ON steps (run_id, position);
CREATE INDEX imports_by_system ON imports (system, step_id);
CREATE INDEX item_errors_by_step ON item_errors (step_id);
CREATE INDEX metaverse_deleted ON metaverse (type) WHERE deleted = 1;
CREATE INDEX references_to ON mvo_references (target_id);
CREATE INDEX review_by_decision ON review_items (decided_at);
CREATE INDEX tombstones_by_time ON tombstones (system, at);
CREATE INDEX audit_by_action ON audit (action, id);
CREATE TRIGGER delete_is_approved_when_staged BEFORE INSERT ON pending_exports
    WHEN NEW.change_type = 'Delete' AND NEW.status <> 'AwaitingApproval' AND NOT EXISTS (
    SELECT 1 FROM review_items AS item, json_each(item.consequences, '$.deletes') AS doomed
    WHERE item.id = NEW.approval_id AND item.state IN ('approved', 'carried-out')
    AND item.decided_by IS NOT NULL AND doomed.value ->> 0 = NEW.cso_id)
    BEGIN SELECT RAISE(ABORT, 'no live approval covers this delete'); END;
CREATE TRIGGER delete_is_approved_when_sent BEFORE UPDATE ON pending_exports
    WHEN NEW.change_type = 'Delete' AND NEW.status IN ('Pending', 'Executing') AND NOT EXISTS (
    SELECT 1 FROM review_items AS item, json_each(item.consequences, '$.deletes') AS doomed
    WHERE item.id = NEW.approval_id AND item.state IN ('approved', 'carried-out')
    AND item.decided_by IS NOT NULL AND doomed.value ->> 0 = NEW.cso_id)
    BEGIN SELECT RAISE(ABORT, 'no live approval covers this delete'); END;
CREATE TRIGGER audit_is_a_chain BEFORE INSERT ON audit
    WHEN NEW.previous IS NOT coalesce((SELECT hash FROM audit ORDER BY id DESC LIMIT 1), '')
    OR NEW.id IS NOT coalesce((SELECT max(id) FROM audit), 0) + 1
    BEGIN SELECT RAISE(ABORT, 'the audit log only grows at its end'); END;
CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is not edited'); END;
CREATE TRIGGER audit_is_not_pruned BEFORE DELETE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit log is not pruned'); END;
CREATE INDEX tombstones_by_external_id ON tombstones (system, type, external_id);
CREATE INDEX objects_waiting_to_be_seen ON objects (system) WHERE kept = 1 OR sought_by IS NOT NULL;
CREATE INDEX given_values_by_mvo ON given_values (mvo_id);
CREATE INDEX given_values_ended ON given_values (mvo_type, attribute, until) WHERE until IS NOT NULL;
CREATE INDEX leaving_due ON leaving (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX item_errors_by_code ON item_errors (code, step_id);
CREATE UNIQUE INDEX owed_once ON owed_references (direction, owner_id, attribute, system, "key");
CREATE INDEX owed_untold ON owed_references (direction, owner_id) WHERE told = 0;
COMMIT;
