-- Promises under names of the test's own: INSERT INTO promised SELECT 'late', promise FROM ... A
-- pgTAP file includes this with \ir.
CREATE TABLE promised (name text, promise uuid);
GRANT SELECT ON promised TO PUBLIC;

CREATE FUNCTION promise_named(which text) RETURNS uuid
STABLE LANGUAGE sql AS 'SELECT promise FROM public.promised WHERE name = which';
