-- How every part of a schema is defined: its kind, its name, and what it is. The parameter is the schema's oid.
SELECT 'table', c.relname, string_agg(
    concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, o.collname,
        pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
LEFT JOIN pg_collation o ON o.oid = a.attcollation
WHERE c.relkind = 'r' AND c.relnamespace = %(schema)s GROUP BY c.relname
UNION ALL
SELECT 'index', c.relname, concat(pg_get_indexdef(c.oid), CASE WHEN NOT i.indisvalid THEN ' invalid' END)
FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.relnamespace = %(schema)s
UNION ALL
SELECT 'constraint', k.conname, concat_ws(' ', c.relname, pg_get_constraintdef(k.oid))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.connamespace = %(schema)s AND k.contype <> 'n'
UNION ALL
SELECT 'trigger', t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = %(schema)s
UNION ALL
SELECT 'function', p.proname, concat_ws(' ', p.prosrc, p.proconfig::text)
FROM pg_proc p WHERE p.pronamespace = %(schema)s
