#include "CLiteralSearch.h"
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

// The first pass compares five neighbouring bytes with a set for each of the five places, for eight groups ("buckets") of
// literals at once: a byte's two halves choose masks of buckets from two tables of 16 entries, which is one shuffle
// instruction each. Where a bucket is left over, a hash of the first four tells whether they are a fingerprint, and then the
// bucket's literals are compared as a whole.

struct search {
    const struct hms_literal_tables *tables;
    const struct hms_literal *literals;
    const uint8_t *bytes;
    size_t length;
    struct hms_literal_hit *hits;
    size_t count;
    /// No candidate is looked at once `count` is above this.
    size_t full;
};

static inline uint64_t word_at(const struct search *s, size_t at) {
    uint64_t word = 0;
    size_t left = s->length - at;
    if (left >= 8) {
        memcpy(&word, s->bytes + at, 8);
    } else {
        memcpy(&word, s->bytes + at, left);
    }
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline int is_word_byte(uint8_t c) {
    return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '_' || c == '.' || c == '-';
}

// A key's end is followed by a tag, whose wire type is 0, 1, 2 or 5: letters that could be one do not speak against a hit.
static inline int continues_word(uint8_t c) { return is_word_byte(c) && (0xD8 >> (c & 7) & 1); }

static inline int is_visible(uint8_t c) { return c > 0x20 && c != 0x7F; }

static inline uint32_t filter_place(uint32_t word) { return word * 0x9E3779B1u >> 18; }
static inline int is_noted(const uint8_t *filter, uint32_t word) {
    uint32_t place = filter_place(word);
    return filter[place >> 3] >> (place & 7) & 1;
}
void hms_note_four(struct hms_literal_tables *tables, uint32_t word) {
    uint32_t place = filter_place(word);
    tables->four[place >> 3] |= (uint8_t)(1 << (place & 7));
}
void hms_note_three(struct hms_literal_tables *tables, uint32_t word) {
    uint32_t place = filter_place(word & 0xFFFFFF);
    tables->three[place >> 3] |= (uint8_t)(1 << (place & 7));
}

static inline int is_fingerprint(const struct search *s, size_t position) {
    uint32_t word;
    if (s->length - position >= 4) {
        memcpy(&word, s->bytes + position, 4);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap32(word);
#endif
    } else {
        word = (uint32_t)word_at(s, position);
    }
    uint8_t first = (uint8_t)word;
    word |= 0x20202020;
    return is_noted(s->tables->four, word) | is_noted(s->tables->three, word & 0xFFFFFF) |
           (s->tables->shorter[first >> 3] >> (first & 7) & 1);
}

static __attribute__((noinline)) void compare(struct search *s, size_t position, unsigned buckets) {
    while (buckets) {
        unsigned bucket = (unsigned)__builtin_ctz(buckets);
        buckets &= buckets - 1;
        for (uint32_t i = s->tables->first[bucket]; i < s->tables->first[bucket + 1]; i++) {
            const struct hms_literal *l = &s->literals[i];
            if (l->anchor > position) continue;
            size_t start = position - l->anchor;
            if (((word_at(s, start) | l->fold) & l->mask) != l->value) continue;
            size_t end = start + l->length;
            if (end > s->length) continue;
            if (l->between_words && (start == 0 || !is_visible(s->bytes[start - 1]) || end == s->length ||
                                     s->bytes[end] >= 0x7F || !is_visible(s->bytes[end])))
                continue;
            if (l->ends_word && end < s->length && continues_word(s->bytes[end])) continue;
            s->hits[s->count++] = (struct hms_literal_hit){(uint32_t)position, i};
        }
    }
}

// Returns where to go on.
static size_t find_portable(struct search *s, size_t position) {
    uint64_t state = 0;
    for (size_t i = position; i < s->length; i++) {
        state = (state << 8 | 0xFF) & s->tables->places[s->bytes[i]];
        if (state >> 32 && i >= position + 4) {
            if (is_fingerprint(s, i - 4)) compare(s, i - 4, (unsigned)(state >> 32));
            if (s->count > s->full) return i - 3;
        }
    }
    // Literals shorter than a fingerprint may end with the bytes.
    for (size_t missing = 1; missing <= 4; missing++) {
        state = (state << 8 | 0xFF) & 0xFFFFFFFFFF;
        size_t end = s->length + missing;
        if (state >> 32 && end >= position + 5) compare(s, end - 5, (unsigned)(state >> 32));
    }
    return s->length;
}

#if defined(__x86_64__)
__attribute__((target("ssse3"))) static size_t find_ssse3(struct search *s, size_t position) {
    const __m128i nibble = _mm_set1_epi8(15);
    __m128i low[5], high[5], before[4] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    for (int k = 0; k < 5; k++) {
        low[k] = _mm_loadu_si128((const __m128i *)s->tables->low[k]);
        high[k] = _mm_loadu_si128((const __m128i *)s->tables->high[k]);
    }
    size_t i = position;
    for (; i + 16 <= s->length; i += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(s->bytes + i));
        __m128i lows = _mm_and_si128(block, nibble);
        __m128i highs = _mm_and_si128(_mm_srli_epi16(block, 4), nibble);
        __m128i r0 = _mm_and_si128(_mm_shuffle_epi8(low[0], lows), _mm_shuffle_epi8(high[0], highs));
        __m128i r1 = _mm_and_si128(_mm_shuffle_epi8(low[1], lows), _mm_shuffle_epi8(high[1], highs));
        __m128i r2 = _mm_and_si128(_mm_shuffle_epi8(low[2], lows), _mm_shuffle_epi8(high[2], highs));
        __m128i r3 = _mm_and_si128(_mm_shuffle_epi8(low[3], lows), _mm_shuffle_epi8(high[3], highs));
        __m128i r4 = _mm_and_si128(_mm_shuffle_epi8(low[4], lows), _mm_shuffle_epi8(high[4], highs));
        __m128i found = _mm_and_si128(
            _mm_and_si128(_mm_and_si128(r4, _mm_alignr_epi8(r3, before[3], 15)), _mm_alignr_epi8(r2, before[2], 14)),
            _mm_and_si128(_mm_alignr_epi8(r1, before[1], 13), _mm_alignr_epi8(r0, before[0], 12)));
        before[0] = r0;
        before[1] = r1;
        before[2] = r2;
        before[3] = r3;
        unsigned any = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(found, _mm_setzero_si128())) ^ 0xFFFF;
        if (__builtin_expect(any != 0, 0)) {
            uint8_t buckets[16];
            _mm_storeu_si128((__m128i *)buckets, found);
            for (; any; any &= any - 1) {
                unsigned k = (unsigned)__builtin_ctz(any);
                if (!is_fingerprint(s, i + k - 4)) continue;
                compare(s, i + k - 4, buckets[k]);
                if (s->count > s->full) return i + k - 3;
            }
        }
    }
    return find_portable(s, i - position > 4 ? i - 4 : position);
}

__attribute__((target("avx2"))) static size_t find_avx2(struct search *s, size_t position) {
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i low[5], high[5];
    __m256i before0 = _mm256_setzero_si256(), before1 = before0, before2 = before0, before3 = before0;
    for (int k = 0; k < 5; k++) {
        low[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)s->tables->low[k]));
        high[k] = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)s->tables->high[k]));
    }
    size_t i = position;
    for (; i + 32 <= s->length; i += 32) {
        __m256i block = _mm256_loadu_si256((const __m256i *)(s->bytes + i));
        __m256i lows = _mm256_and_si256(block, nibble);
        __m256i highs = _mm256_and_si256(_mm256_srli_epi16(block, 4), nibble);
        __m256i r0 = _mm256_and_si256(_mm256_shuffle_epi8(low[0], lows), _mm256_shuffle_epi8(high[0], highs));
        __m256i r1 = _mm256_and_si256(_mm256_shuffle_epi8(low[1], lows), _mm256_shuffle_epi8(high[1], highs));
        __m256i r2 = _mm256_and_si256(_mm256_shuffle_epi8(low[2], lows), _mm256_shuffle_epi8(high[2], highs));
        __m256i r3 = _mm256_and_si256(_mm256_shuffle_epi8(low[3], lows), _mm256_shuffle_epi8(high[3], highs));
        __m256i r4 = _mm256_and_si256(_mm256_shuffle_epi8(low[4], lows), _mm256_shuffle_epi8(high[4], highs));
        // A shift over the whole register: the upper half of the last block before the lower half of this one.
        __m256i s0 = _mm256_alignr_epi8(r0, _mm256_permute2x128_si256(before0, r0, 0x21), 12);
        __m256i s1 = _mm256_alignr_epi8(r1, _mm256_permute2x128_si256(before1, r1, 0x21), 13);
        __m256i s2 = _mm256_alignr_epi8(r2, _mm256_permute2x128_si256(before2, r2, 0x21), 14);
        __m256i s3 = _mm256_alignr_epi8(r3, _mm256_permute2x128_si256(before3, r3, 0x21), 15);
        __m256i found = _mm256_and_si256(_mm256_and_si256(r4, s3), _mm256_and_si256(s2, _mm256_and_si256(s1, s0)));
        before0 = r0;
        before1 = r1;
        before2 = r2;
        before3 = r3;
        if (__builtin_expect(!_mm256_testz_si256(found, found), 0)) {
            unsigned any = ~(unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(found, _mm256_setzero_si256()));
            uint8_t buckets[32];
            _mm256_storeu_si256((__m256i *)buckets, found);
            for (; any; any &= any - 1) {
                unsigned k = (unsigned)__builtin_ctz(any);
                if (!is_fingerprint(s, i + k - 4)) continue;
                compare(s, i + k - 4, buckets[k]);
                if (s->count > s->full) return i + k - 3;
            }
        }
    }
    return find_portable(s, i - position > 4 ? i - 4 : position);
}
#endif

int hms_search_supports(enum hms_search_kernel kernel) {
    switch (kernel) {
#if defined(__x86_64__)
    case HMS_SEARCH_SSSE3: return __builtin_cpu_supports("ssse3") != 0;
    case HMS_SEARCH_AVX2: return __builtin_cpu_supports("avx2") != 0;
#else
    case HMS_SEARCH_SSSE3:
    case HMS_SEARCH_AVX2: return 0;
#endif
    default: return 1;
    }
}

size_t hms_find_literals(
    const struct hms_literal_tables *tables, const struct hms_literal *literals, const uint8_t *bytes, size_t length,
    size_t *position, struct hms_literal_hit *hits, size_t capacity, size_t spare, enum hms_search_kernel kernel) {
    struct search s = {tables, literals, bytes, length, hits, 0, capacity - spare};
    if (kernel == HMS_SEARCH_BEST) {
        kernel = hms_search_supports(HMS_SEARCH_AVX2)    ? HMS_SEARCH_AVX2
                 : hms_search_supports(HMS_SEARCH_SSSE3) ? HMS_SEARCH_SSSE3
                                                         : HMS_SEARCH_PORTABLE;
    }
    switch (kernel) {
#if defined(__x86_64__)
    case HMS_SEARCH_AVX2: *position = find_avx2(&s, *position); break;
    case HMS_SEARCH_SSSE3: *position = find_ssse3(&s, *position); break;
#endif
    default: *position = find_portable(&s, *position);
    }
    return s.count;
}
