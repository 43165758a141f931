-- PostgreSQL grants EXECUTE on new functions to PUBLIC; here that is explicit. Functions check the
-- levels in trust.access themselves, because a database owner cannot grant privileges on functions
-- of an extension. Functions without such a check have no privileges beyond those of their caller.
REVOKE ALL ON ALL ROUTINES IN SCHEMA trust_ledger FROM PUBLIC;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA trust_ledger TO PUBLIC;
