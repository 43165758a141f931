/*
 * canonical.h
 *		Canonical bytes, SHA-256 and salted commitments.
 *
 * What doc/format.md says about bytes stands here and nowhere else in C.  The
 * file knows no server structures: a client verifies with the same code.
 */
#ifndef TRUST_LEDGER_CANONICAL_H
#define TRUST_LEDGER_CANONICAL_H

#define HASH_SIZE 32			/* SHA-256 */
#define SALT_SIZE 32

/* Bytes to be hashed: a buffer that grows and is used again. */
typedef struct CanonicalBytes
{
	unsigned char *data;
	size_t		length;
	size_t		capacity;
} CanonicalBytes;

extern bool RandomBytes(void *bytes, size_t length);

extern void CanonicalReset(CanonicalBytes *bytes);
extern void CanonicalAbsent(CanonicalBytes *bytes);
extern unsigned char *CanonicalFieldOf(CanonicalBytes *bytes, size_t length);
extern void CanonicalField(CanonicalBytes *bytes, const void *data, size_t length);
extern void CanonicalInt16(CanonicalBytes *bytes, int16 value);
extern void CanonicalInt32(CanonicalBytes *bytes, int32 value);
extern void CanonicalInt64(CanonicalBytes *bytes, int64 value);
extern void CanonicalInterval(CanonicalBytes *bytes, int64 microseconds, int32 days, int32 months);

extern bool Sha256(const void *data, size_t length, unsigned char hash[HASH_SIZE]);
extern bool CommitmentBegin(const unsigned char salt[SALT_SIZE]);
extern bool CommitmentAdd(const void *text, size_t length);
extern bool CommitmentEnd(unsigned char commitment[HASH_SIZE]);
extern bool Commitment(const unsigned char salt[SALT_SIZE], const void *text, size_t length,
					   unsigned char commitment[HASH_SIZE]);

#endif
