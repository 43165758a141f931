/*
 * catalog.c
 *		Lookups in PostgreSQL's catalogs.
 */
#include "postgres.h"

#include "base/catalog.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

char *
QualifiedName(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

Oid
RelationOwner(Oid relid, bool missing_ok)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
		ReleaseSysCache(tuple);
	}
	else if (!missing_ok)
		elog(ERROR, "cache lookup failed for relation %u", relid);
	return owner;
}

Oid
ScoreTypeId(void)
{
	Oid			schema = get_namespace_oid("trust_ledger", false);

	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("trust_score"),
						   ObjectIdGetDatum(schema));
}

Oid
ExtensionFunction(const char *name, oidvector *types)
{
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
						   PointerGetDatum(types),
						   ObjectIdGetDatum(get_namespace_oid("trust_ledger", true)));
}
