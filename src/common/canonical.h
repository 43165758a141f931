/*
 * canonical.h
 *		Canonical bytes, SHA-256 and salted commitments.
 *
 * This is the only C code for the byte layout of doc/format.md.  It does not use
 * server structures, so that a client can verify a ledger with it.
 *
 * Functions that return bool return false if OpenSSL or the random source fails.
 */
#ifndef TRUST_LEDGER_CANONICAL_H
#define TRUST_LEDGER_CANONICAL_H

#define HASH_SIZE 32			/* SHA-256 */
#define SALT_SIZE 32

/* A growing buffer of bytes to hash.  Set it to zero before its first use. */
typedef struct CanonicalBytes
{
	unsigned char *data;
	size_t		length;
	size_t		capacity;
} CanonicalBytes;

/* Cryptographically strong random bytes, at most 1024 of them. */
extern bool RandomBytes(void *bytes, size_t length);

/* Empties the buffer. */
extern void CanonicalReset(CanonicalBytes *bytes);

/* Appends a field that is NULL: a byte 0. */
extern void CanonicalNull(CanonicalBytes *bytes);

/*
 * Appends a field with a value: a byte 1, the length as four bytes in big-endian order,
 * and the value.  CanonicalReserveField() returns where the caller must store the value.
 */
extern unsigned char *CanonicalReserveField(CanonicalBytes *bytes, size_t length);
extern void CanonicalField(CanonicalBytes *bytes, const void *data, size_t length);

/* The same for integers, in big-endian order. */
extern void CanonicalInt16(CanonicalBytes *bytes, int16 value);
extern void CanonicalInt32(CanonicalBytes *bytes, int32 value);
extern void CanonicalInt64(CanonicalBytes *bytes, int64 value);

/* The same for an interval: int64 microseconds, int32 days, int32 months. */
extern void CanonicalInterval(CanonicalBytes *bytes, int64 microseconds, int32 days,
							  int32 months);

/* SHA-256 (FIPS 180-4). */
extern bool Sha256(const void *data, size_t length, unsigned char hash[HASH_SIZE]);

/*
 * A commitment is the HMAC-SHA-256 (RFC 2104) of the text with the salt as its key.
 * It binds to the text, and reveals nothing about it once the salt is erased.  Begin,
 * Add and End do it in pieces, one commitment at a time; Commitment() in one call.
 */
extern bool CommitmentBegin(const unsigned char salt[SALT_SIZE]);
extern bool CommitmentAdd(const void *text, size_t length);
extern bool CommitmentEnd(unsigned char commitment[HASH_SIZE]);
extern bool Commitment(const unsigned char salt[SALT_SIZE], const void *text, size_t length,
					   unsigned char commitment[HASH_SIZE]);

#endif
