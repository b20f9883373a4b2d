// Finds many short literals in one pass over bytes.
#ifndef CLITERALSEARCH_H
#define CLITERALSEARCH_H
#include <stddef.h>
#include <stdint.h>

enum { HMS_BUCKETS = 8, HMS_FINGERPRINT = 5, HMS_FILTER_BYTES = 2048 };

/// One literal of at most eight bytes. `((word | fold) & mask) == value`, where `word` are the eight bytes (the first is the
/// lowest) that begin `anchor` bytes before its fingerprint.
struct hms_literal {
    uint64_t value;
    uint64_t fold;
    uint64_t mask;
    uint8_t length;
    /// Where in the literal its fingerprint begins: the bytes that the first pass looks for.
    uint8_t anchor;
    /// Nonzero: not when a byte follows that continues a word and cannot be the tag of a protobuf field.
    uint8_t ends_word;
    /// Nonzero: only behind a visible character, and before one of ASCII.
    uint8_t between_words;
    uint8_t bucket;
};

/// What the first pass looks for. Bit b of an entry: a literal of bucket b may have such a byte at that place of its fingerprint.
struct hms_literal_tables {
    uint8_t low[HMS_FINGERPRINT][16];
    uint8_t high[HMS_FINGERPRINT][16];
    /// The same for whole bytes: place n is bits 8n to 8n+7.
    uint64_t places[256];
    /// The literals are ordered by bucket; those of bucket b are `first[b]` to `first[b + 1]`.
    uint32_t first[HMS_BUCKETS + 1];
    /// Which fingerprints there are, by a hash of their first four bytes, or of three where a literal has no more.
    uint8_t four[HMS_FILTER_BYTES];
    uint8_t three[HMS_FILTER_BYTES];
    /// First bytes of literals that are shorter than that.
    uint8_t shorter[32];
};

/// `word` is a fingerprint, its first byte the lowest, with bit 0x20 of each byte set.
void hms_note_four(struct hms_literal_tables *tables, uint32_t word);
void hms_note_three(struct hms_literal_tables *tables, uint32_t word);

struct hms_literal_hit {
    /// Where the fingerprint begins; hits come in this order.
    uint32_t position;
    uint32_t literal;
};

enum hms_search_kernel { HMS_SEARCH_BEST, HMS_SEARCH_PORTABLE, HMS_SEARCH_SSSE3, HMS_SEARCH_AVX2 };
/// Whether this processor can run the kernel.
int hms_search_supports(enum hms_search_kernel kernel);

/// Finds literals whose fingerprint begins at `*position` or behind it. Returns how many were found, and in `*position` where
/// to go on: `length` when all bytes were seen. It stops early when less than `spare` places are left in `hits`. One place of
/// the bytes has at most as many hits as there are literals, and the last five places are looked at together: `spare` is to be
/// five times the number of literals.
size_t hms_find_literals(
    const struct hms_literal_tables *tables, const struct hms_literal *literals, const uint8_t *bytes, size_t length,
    size_t *position, struct hms_literal_hit *hits, size_t capacity, size_t spare, enum hms_search_kernel kernel);
#endif
