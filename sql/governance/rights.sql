-- PostgreSQL lets PUBLIC execute every new function. Here that is said, not assumed:
-- levels are rows of trust.access, checked by the functions themselves, because a
-- database's owner cannot GRANT on the functions of an extension. What is called
-- without a level has no rights of its own: it does what its caller could do by hand.
REVOKE ALL ON ALL ROUTINES IN SCHEMA trust_ledger FROM PUBLIC;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA trust_ledger TO PUBLIC;
