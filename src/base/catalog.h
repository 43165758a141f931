/*
 * catalog.h
 *		Lookups in PostgreSQL's catalogs.
 */
#ifndef TRUST_LEDGER_CATALOG_H
#define TRUST_LEDGER_CATALOG_H

/* The relation's name as schema.name, quoted for use in SQL. */
extern char *QualifiedName(Oid relid);

/* Owner of the relation.  If it does not exist: InvalidOid with missing_ok, else an error. */
extern Oid	RelationOwner(Oid relid, bool missing_ok);

/* Current OID of type trust_ledger.trust_score: it changes when the extension is recreated. */
extern Oid	ScoreTypeId(void);

/* OID of trust_ledger.name(types); InvalidOid if there is none, as while CREATE EXTENSION runs. */
extern Oid	ExtensionFunction(const char *name, oidvector *types);

#endif
