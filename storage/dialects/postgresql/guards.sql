CREATE FUNCTION {schema}.delete_is_approved() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM {schema}.review_items AS item, json_array_elements(item.consequences::json -> 'deletes') AS doomed
        WHERE item.id = NEW.approval_id AND item.state IN ('approved', 'carried-out')
        AND item.decided_by IS NOT NULL AND doomed ->> 0 = NEW.cso_id::text)
    THEN
        RAISE EXCEPTION 'no live approval covers this delete' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION {schema}.audit_is_a_chain() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
DECLARE
    last record;
BEGIN
    SELECT id, hash INTO last FROM {schema}.audit ORDER BY id DESC LIMIT 1;
    IF NEW.previous IS DISTINCT FROM coalesce(last.hash, '') OR NEW.id IS DISTINCT FROM coalesce(last.id, 0) + 1 THEN
        RAISE EXCEPTION 'the audit log only grows at its end' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION {schema}.audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is not %', TG_ARGV[0] USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER delete_is_approved_when_staged BEFORE INSERT ON {schema}.pending_exports FOR EACH ROW
    WHEN (NEW.change_type = 'Delete' AND NEW.status <> 'AwaitingApproval')
    EXECUTE FUNCTION {schema}.delete_is_approved();
CREATE TRIGGER delete_is_approved_when_sent BEFORE UPDATE ON {schema}.pending_exports FOR EACH ROW
    WHEN (NEW.change_type = 'Delete' AND NEW.status IN ('Pending', 'Executing'))
    EXECUTE FUNCTION {schema}.delete_is_approved();
CREATE TRIGGER audit_is_a_chain BEFORE INSERT ON {schema}.audit FOR EACH ROW
    EXECUTE FUNCTION {schema}.audit_is_a_chain();
CREATE TRIGGER audit_is_not_edited BEFORE UPDATE ON {schema}.audit FOR EACH ROW
    EXECUTE FUNCTION {schema}.audit_stays('edited');
CREATE TRIGGER audit_is_not_pruned BEFORE DELETE ON {schema}.audit FOR EACH ROW
    EXECUTE FUNCTION {schema}.audit_stays('pruned');
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON {schema}.audit FOR EACH STATEMENT
    EXECUTE FUNCTION {schema}.audit_stays('pruned');
