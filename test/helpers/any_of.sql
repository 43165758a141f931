-- One of these at random.
CREATE FUNCTION any_of(VARIADIC choices text[]) RETURNS text
LANGUAGE sql AS 'SELECT choices[1 + floor(random() * cardinality(choices))::int]';
