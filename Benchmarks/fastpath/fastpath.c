// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The fast path's unavoidable work per packet, on 60-octet TCP and UDP frames: parse and check the headers, build a 48-octet key,
 * hash, find the flow, rewrite MAC addresses, TTL, addresses and ports with incremental checksums, count. One packet at a time, and
 * in batches whose memory accesses overlap through prefetching.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 32, FRAME = 64, LENGTH = 60, FRAMES = 1 << 20 };

struct key { uint64_t word[6]; };
struct __attribute__((aligned(64))) flow {      /* two cache lines: what lookup compares, then what the rewrite needs */
    struct key key;
    uint64_t packets, bytes;
    uint8_t destination_mac[6], source_mac[6];
    uint32_t source, destination;
    uint16_t source_port, destination_port, ip_delta, transport_delta;
    uint32_t out_device, flags;
    uint64_t timeout;
};
struct table { struct flow *flows; uint64_t *buckets, mask, now; };   /* bucket: hash tag << 32 | index + 1 */

static uint32_t load32(const void *p) { uint32_t v; memcpy(&v, p, 4); return v; }
static uint16_t load16(const void *p) { uint16_t v; memcpy(&v, p, 2); return v; }
static void store32(void *p, uint32_t v) { memcpy(p, &v, 4); }
static void store16(void *p, uint16_t v) { memcpy(p, &v, 2); }

static uint64_t fold(uint64_t a, uint64_t b)
{
    __uint128_t product = (__uint128_t)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(const struct key *k)
{
    uint64_t h = fold(k->word[0] ^ 0x9E3779B97F4A7C15u, k->word[1] ^ 0xBF58476D1CE4E5B9u);
    h = fold(k->word[2] ^ h, k->word[3] ^ 0x94D049BB133111EBu);
    return fold(k->word[4] ^ h, k->word[5] ^ 0xD6E8FEB86659FD93u);
}

static int equal(const struct key *a, const struct key *b)
{
    uint64_t difference = 0;
    for (int i = 0; i < 6; i++)
        difference |= a->word[i] ^ b->word[i];
    return difference == 0;
}

static struct flow *find(const struct table *t, const struct key *k, uint64_t h)
{
    for (uint64_t slot = h & t->mask;; slot = (slot + 1) & t->mask) {
        uint64_t bucket = t->buckets[slot];
        if (!bucket)
            return NULL;
        if ((bucket ^ h) >> 32 == 0 && equal(&t->flows[(uint32_t)bucket - 1].key, k))
            return &t->flows[(uint32_t)bucket - 1];
    }
}

static int parse(const uint8_t *f, uint32_t length, uint32_t device, struct key *k)
{
    if (length < 34 || load16(f + 12) != 0x0008 || f[14] != 0x45 || load16(f + 20) & 0xFF3F || f[22] <= 1)
        return 0;
    uint8_t protocol = f[23];
    if ((uint32_t)__builtin_bswap16(load16(f + 16)) + 14 > length)
        return 0;
    if (protocol == 6 ? length < 54 || f[47] & 5 : protocol != 17 || length < 42)
        return 0;
    *k = (struct key){ { load32(f + 26), 0, load32(f + 30), 0, load32(f + 34) | (uint64_t)protocol << 32 | 2ull << 40, device } };
    return 1;
}

static uint16_t adjust(uint16_t checksum, uint16_t delta)
{
    uint32_t sum = (uint16_t)~checksum + (uint32_t)delta;
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~((sum & 0xffff) + (sum >> 16));
}

static uint32_t rewrite(uint8_t *f, uint32_t length, struct flow *flow, uint64_t now)
{
    flow->timeout = now + 30;
    memcpy(f, flow->destination_mac, 12);
    f[22]--;
    store16(f + 24, adjust(load16(f + 24), flow->ip_delta));
    store32(f + 26, flow->source);
    store32(f + 30, flow->destination);
    store16(f + 34, flow->source_port);
    store16(f + 36, flow->destination_port);
    int checksum = f[23] == 6 ? 50 : 40;
    store16(f + checksum, adjust(load16(f + checksum), flow->transport_delta));
    flow->packets++;
    flow->bytes += length - 14;
    return flow->out_device;
}

static __attribute__((noinline)) uint64_t one_by_one(struct table *t, const uint8_t *frames)
{
    uint64_t proof = 0;
    uint8_t work[FRAME];
    for (uint32_t i = 0; i < FRAMES; i++) {
        struct key k;
        struct flow *flow = NULL;
        memcpy(work, frames + (size_t)i * FRAME, FRAME);
        if (parse(work, LENGTH, 2, &k))
            flow = find(t, &k, hash(&k));
        proof += flow ? rewrite(work, LENGTH, flow, t->now) + work[25] : UINT64_MAX;
    }
    return proof;
}

static __attribute__((noinline)) uint64_t in_batches(struct table *t, const uint8_t *frames)
{
    static uint8_t work[BATCH][FRAME];
    struct key keys[BATCH];
    uint64_t proof = 0, hashes[BATCH];
    int valid[BATCH];
    for (uint32_t i = 0; i + BATCH <= FRAMES; i += BATCH) {
        memcpy(work, frames + (size_t)i * FRAME, sizeof work);
        for (int j = 0; j < BATCH; j++) {
            valid[j] = parse(work[j], LENGTH, 2, &keys[j]);
            hashes[j] = hash(&keys[j]);
            __builtin_prefetch(&t->buckets[hashes[j] & t->mask], 0, 3);
        }
        for (int j = 0; j < BATCH; j++) {
            uint32_t index = (uint32_t)t->buckets[hashes[j] & t->mask];
            if (index) {
                __builtin_prefetch(&t->flows[index - 1], 1, 3);
                __builtin_prefetch((char *)&t->flows[index - 1] + 64, 1, 3);
            }
        }
        for (int j = 0; j < BATCH; j++) {
            struct flow *flow = valid[j] ? find(t, &keys[j], hashes[j]) : NULL;
            proof += flow ? rewrite(work[j], LENGTH, flow, t->now) + work[j][25] : UINT64_MAX;
        }
    }
    return proof;
}

static uint64_t random_state = 88172645463325252u;
static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

static struct key flow_key(uint32_t i)
{
    uint16_t source_port = (uint16_t)(1024 + (i & 15) * 97);
    uint32_t ports = __builtin_bswap16(source_port) | (uint32_t)__builtin_bswap16(443) << 16;
    return (struct key){ { __builtin_bswap32(0x0a000000u + (i >> 4)), 0, __builtin_bswap32(0xc0a80101u), 0,
                           ports | (uint64_t)(i & 3 ? 6 : 17) << 32 | 2ull << 40, 2 } };
}

int main(int count, char **arguments)
{
    for (int a = 1; a < count; a++) {
        uint32_t flows = (uint32_t)atoi(arguments[a]);
        uint64_t buckets = 2;
        while (buckets < 2ull * flows)
            buckets <<= 1;
        struct table t = { aligned_alloc(64, flows * sizeof(struct flow)), calloc(buckets, 8), buckets - 1, 1000 };
        for (uint32_t i = 0; i < flows; i++) {
            struct key k = flow_key(i);
            t.flows[i] = (struct flow){ .key = k, .source = (uint32_t)k.word[0] ^ 0x55, .destination = (uint32_t)k.word[2], .source_port = (uint16_t)i,
                                        .destination_port = __builtin_bswap16(443), .ip_delta = (uint16_t)(i * 7), .transport_delta = (uint16_t)(i * 13), .out_device = 3 };
            uint64_t h = hash(&k), slot = h & t.mask;
            while (t.buckets[slot])
                slot = (slot + 1) & t.mask;
            t.buckets[slot] = (h & 0xFFFFFFFF00000000u) | (i + 1);
        }
        uint8_t *frames = calloc(FRAMES, FRAME);
        for (uint32_t i = 0; i < FRAMES; i++) {
            uint8_t *f = frames + (size_t)i * FRAME;
            struct key k = flow_key((uint32_t)(next_random() % flows));
            f[12] = 8, f[14] = 0x45, f[17] = 46, f[22] = 64, f[23] = (uint8_t)(k.word[4] >> 32), f[47] = 0x10;
            memcpy(f + 26, &k.word[0], 4);
            memcpy(f + 30, &k.word[2], 4);
            memcpy(f + 34, &k.word[4], 4);
        }
        for (int batched = 0; batched < 2; batched++) {
            double best = 1e18;
            uint64_t proof = 0;
            for (int round = 0; round < 7; round++) {
                struct timespec start, end;
                clock_gettime(CLOCK_MONOTONIC, &start);
                proof = batched ? in_batches(&t, frames) : one_by_one(&t, frames);
                clock_gettime(CLOCK_MONOTONIC, &end);
                double each = ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / FRAMES;
                best = each < best ? each : best;
            }
            printf("%u flows, %s: %.1f ns a packet (%llx)\n", flows, batched ? "batches of 32" : "one by one", best, (unsigned long long)proof);
        }
        free(t.flows);
        free(t.buckets);
        free(frames);
    }
    return 0;
}
