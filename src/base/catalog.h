/*
 * catalog.h
 *		Look-ups in PostgreSQL's catalogs.
 */
#ifndef TRUST_LEDGER_CATALOG_H
#define TRUST_LEDGER_CATALOG_H

extern char *QualifiedName(Oid relid);
extern Oid	RelationOwner(Oid relid, bool missing_ok);
extern Oid	ScoreTypeId(void);
extern Oid	OwnFunction(const char *name, oidvector *types);

#endif
