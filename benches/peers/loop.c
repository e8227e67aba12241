/* The lower bound: what a loop written for nothing but the corpora costs on this machine.
 *
 *   loop <scalars|histograms|verify|walk> <dir> [threads [repeats [map|read [dump]]]]
 *
 * It maps every event file below <dir>, checks the length and payload checksums of every record,
 * walks the protobuf and fills plain columns (tag number, step, wall time, value or buckets), with
 * one thread per file at a time. `verify` stops after the checksums, `walk` after opening each
 * file. `scalars` does not touch payloads above BIG bytes that turn out to hold no scalar.
 *
 * What it does not do, and a reader has to: growing files, damage, other encodings, metadata,
 * memory bounds, one order of rows whatever the threads, strings that are shared between files.
 * The first wrong byte ends it. So no reader is expected to beat it, only to come near.
 *
 * With `dump`, a directory, the columns of `scalars` go there as they are: wall_time, value (f64),
 * step (i64), tag and run (i32), and names in tags.txt and runs.txt.
 *
 * Prints {"seconds": [one per repeat], "rows", "sum_step", "sum", "buckets", "mix", "records",
 * "bytes"}, in the terms of expected.json; the sums are computed after the clock has stopped.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <immintrin.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BIG 4096
#define MAX_FILES 65536
#define MAX_TAGS 1024
#define SLOTS 4096

/* One set a thread, so that they grow over files: address space for as many rows as all files
 * could hold, touched as far as they do. */
typedef struct {
    double *wall, *value, *left, *right, *count;
    int64_t *step, *end; /* end: of the row's buckets */
    int32_t *tag;
    size_t rows, buckets;
} Columns;

typedef struct {
    const char *path;
    size_t size;
    const uint8_t *bytes;
    Columns *to;
    size_t first, rows, records;
    /* Tags by number, and a table of number + 1 by hash. */
    struct { const uint8_t *name; uint32_t length; int32_t next; } tags[MAX_TAGS];
    uint16_t slots[SLOTS];
    int32_t n_tags, last;
} Log;

static Log *logs[MAX_FILES];
static int n_logs;
static size_t all_bytes;
#define MAX_THREADS 64
static Columns columns[MAX_THREADS];
static atomic_int next_log;
static enum { SCALARS, HISTOGRAMS, VERIFY, WALK } mode;
static int by_read;

static void die(const char *what, const Log *log, size_t offset) {
    fprintf(stderr, "loop: %s: %s at byte %zu\n", log ? log->path : "-", what, offset);
    exit(1);
}

/* CRC-32C. Three independent streams hide the latency of the instruction; their checksums are
 * joined by tables that append LONG or SHORT zero bytes to a checksum. */

#define LONG 8192
#define SHORT 256
static uint32_t zeros_long[4][256], zeros_short[4][256];

static void make_zeros(uint32_t table[4][256], size_t length) {
    uint32_t basis[32];
    for (int bit = 0; bit < 32; bit++) {
        uint64_t crc = 1u << bit;
        for (size_t i = 0; i < length; i += 8) crc = _mm_crc32_u64(crc, 0);
        basis[bit] = (uint32_t)crc;
    }
    for (int byte = 0; byte < 4; byte++)
        for (int value = 0; value < 256; value++) {
            uint32_t crc = 0;
            for (int bit = 0; bit < 8; bit++)
                if (value >> bit & 1) crc ^= basis[byte * 8 + bit];
            table[byte][value] = crc;
        }
}

static inline uint32_t append_zeros(uint32_t table[4][256], uint32_t crc) {
    return table[0][crc & 255] ^ table[1][crc >> 8 & 255] ^ table[2][crc >> 16 & 255] ^
           table[3][crc >> 24];
}

static inline uint64_t load64(const uint8_t *p) { uint64_t x; memcpy(&x, p, 8); return x; }
static inline uint32_t load32(const uint8_t *p) { uint32_t x; memcpy(&x, p, 4); return x; }
static inline double load_double(const uint8_t *p) { double x; memcpy(&x, p, 8); return x; }

static inline const uint8_t *three_ways(uint64_t *crc, const uint8_t *p, const uint8_t *end,
                                        size_t stride, uint32_t table[4][256]) {
    while ((size_t)(end - p) >= 3 * stride) {
        uint64_t a = *crc, b = 0, c = 0;
        for (size_t i = 0; i < stride; i += 8) {
            a = _mm_crc32_u64(a, load64(p + i));
            b = _mm_crc32_u64(b, load64(p + i + stride));
            c = _mm_crc32_u64(c, load64(p + i + 2 * stride));
        }
        a = append_zeros(table, (uint32_t)a) ^ b;
        *crc = append_zeros(table, (uint32_t)a) ^ c;
        p += 3 * stride;
    }
    return p;
}

static inline uint32_t masked_crc(const uint8_t *p, size_t length) {
    const uint8_t *end = p + length;
    uint64_t crc = 0xffffffffu;
    if (length >= 3 * SHORT) {
        p = three_ways(&crc, p, end, LONG, zeros_long);
        p = three_ways(&crc, p, end, SHORT, zeros_short);
    }
    for (; end - p >= 8; p += 8) crc = _mm_crc32_u64(crc, load64(p));
    uint32_t c = (uint32_t)crc;
    if (end - p >= 4) { c = _mm_crc32_u32(c, load32(p)); p += 4; }
    for (; p < end; p++) c = _mm_crc32_u8(c, *p);
    c = ~c;
    return (c >> 15 | c << 17) + 0xa282ead8u;
}

/* Protobuf: a field at a time, in any order, unknown ones stepped over. */

typedef struct { const uint8_t *p, *end; } Span;
typedef struct { uint32_t key; uint64_t number; Span bytes; } Field;

static inline uint64_t varint(Span *s) {
    uint64_t x = 0;
    for (int shift = 0; s->p < s->end && shift < 64; shift += 7) {
        uint8_t byte = *s->p++;
        x |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return x;
    }
    die("bad varint", NULL, 0);
    return 0;
}

static inline int field(Span *s, Field *f) {
    if (s->p >= s->end) return 0;
    *f = (Field){0};
    f->key = (uint32_t)varint(s);
    size_t left = (size_t)(s->end - s->p), length;
    switch (f->key & 7) {
    case 0: f->number = varint(s); return 1;
    case 1: length = 8; break;
    case 5: length = 4; break;
    case 2:
        length = varint(s);
        left = (size_t)(s->end - s->p);
        break;
    default: die("bad wire type", NULL, 0);
    }
    if (length > left) die("field too long", NULL, 0);
    f->bytes = (Span){s->p, s->p + length};
    s->p += length;
    return 1;
}

#define KEY(number, wire) ((number) << 3 | (wire))
enum { VARINT = 0, I64 = 1, LEN = 2, I32 = 5 };

static inline int same(const uint8_t *a, const uint8_t *b, size_t n) {
    if (n < 8) return !memcmp(a, b, n);
    uint64_t difference = load64(a + n - 8) ^ load64(b + n - 8);
    for (size_t i = 0; i + 8 < n; i += 8) difference |= load64(a + i) ^ load64(b + i);
    return !difference;
}

/* Training loops log their tags in turn, so what followed a tag last time is tried first. */
static inline int32_t intern(Log *log, Span name) {
    uint32_t length = (uint32_t)(name.end - name.p);
    int32_t guess = log->tags[log->last].next;
    if (log->n_tags && log->tags[guess].length == length &&
        same(log->tags[guess].name, name.p, length))
        return log->last = guess;
    uint32_t hash = masked_crc(name.p, length) % SLOTS;
    int32_t tag;
    for (;; hash = (hash + 1) % SLOTS) {
        tag = log->slots[hash] - 1;
        if (tag < 0) {
            if (log->n_tags == MAX_TAGS) die("too many tags", log, 0);
            tag = log->n_tags++;
            log->slots[hash] = (uint16_t)(tag + 1);
            log->tags[tag].name = name.p;
            log->tags[tag].length = length;
            break;
        }
        if (log->tags[tag].length == length && same(log->tags[tag].name, name.p, length)) break;
    }
    log->tags[log->last].next = tag;
    return log->last = tag;
}

static inline int scalar_tensor(Span tensor, double *value) {
    Field f;
    uint64_t dtype = 0;
    int found = 0;
    while (field(&tensor, &f)) {
        if (f.key == KEY(1, VARINT) && (dtype = f.number) != 1) return 0;
        if ((f.key == KEY(4, LEN) || f.key == KEY(5, LEN)) && f.bytes.end - f.bytes.p == 4) {
            float x;
            memcpy(&x, f.bytes.p, 4);
            *value = x;
            found = 1;
        }
    }
    return found && dtype == 1;
}

static inline size_t histogram_tensor(Columns *c, Span tensor) {
    Field f;
    uint64_t dtype = 0;
    while (field(&tensor, &f)) {
        if (f.key == KEY(1, VARINT)) dtype = f.number;
        if (f.key != KEY(4, LEN) || dtype != 2) continue;
        size_t n = (size_t)(f.bytes.end - f.bytes.p) / 24, to = c->buckets;
        for (size_t i = 0; i < n; i++) {
            c->left[to + i] = load_double(f.bytes.p + 24 * i);
            c->right[to + i] = load_double(f.bytes.p + 24 * i + 8);
            c->count[to + i] = load_double(f.bytes.p + 24 * i + 16);
        }
        return n;
    }
    return 0;
}

static inline size_t histogram_legacy(Columns *c, Span histo) {
    Field f;
    double min = 0, max = 0;
    size_t n = 0, to = c->buckets;
    while (field(&histo, &f)) {
        size_t bytes = (size_t)(f.bytes.end - f.bytes.p);
        if (f.key == KEY(1, I64)) min = load_double(f.bytes.p);
        if (f.key == KEY(2, I64)) max = load_double(f.bytes.p);
        if (f.key == KEY(6, LEN)) {
            n = bytes / 8;
            memcpy(c->right + to, f.bytes.p, bytes);
            memcpy(c->left + to + 1, f.bytes.p, bytes - 8);
        }
        if (f.key == KEY(7, LEN)) memcpy(c->count + to, f.bytes.p, bytes);
    }
    if (n) c->left[to] = min, c->right[to + n - 1] = max;
    return n;
}

/* One scalar in the order in which every writer puts its fields, nothing longer than 127 bytes:
 * what a loop for these corpora can count on, and falls back from. */
static inline int usual_scalar(Log *log, Span payload) {
    const uint8_t *p = payload.p, *end = payload.end;
    static const uint8_t rank_0_float[] = {0x08, 0x01, 0x12, 0x00, 0x22, 0x04};
    if (end - p < 32 || end - p > 127 || p[0] != KEY(1, I64)) return 0;
    double wall = load_double(p + 1);
    int64_t step = 0;
    p += 9;
    if (*p == KEY(2, VARINT)) {
        int shift = 0;
        do step |= (int64_t)(*++p & 127) << shift, shift += 7;
        while (*p & 128 && shift < 28);
        p++;
    }
    if (end - p < 12 || p[0] != KEY(5, LEN) || p + 2 + p[1] != end || p[2] != KEY(1, LEN) ||
        p + 4 + p[3] != end || p[4] != KEY(1, LEN))
        return 0;
    Span tag = {p + 6, p + 6 + p[5]};
    const uint8_t *content = tag.end;
    float value;
    if (content + 5 == end && *content == KEY(2, I32))
        memcpy(&value, content + 1, 4);
    else if (end - content >= 12 && content[0] == KEY(8, LEN) && content[1] == 10 &&
             !memcmp(content + 2, rank_0_float, 6) &&
             (content + 12 == end || content[12] == KEY(9, LEN)))
        memcpy(&value, content + 8, 4);
    else
        return 0;
    Columns *c = log->to;
    size_t row = c->rows++;
    c->wall[row] = wall;
    c->step[row] = step;
    c->tag[row] = intern(log, tag);
    c->value[row] = value;
    return 1;
}

/* Appends the rows of one event; returns how many. */
static inline size_t event(Log *log, Span payload) {
    if (mode == SCALARS && usual_scalar(log, payload)) return 1;
    Field e, s, v;
    double wall = 0;
    int64_t step = 0;
    Columns *c = log->to;
    size_t before = c->rows;
    while (field(&payload, &e)) {
        if (e.key == KEY(1, I64)) wall = load_double(e.bytes.p);
        if (e.key == KEY(2, VARINT)) step = (int64_t)e.number;
        if (e.key != KEY(5, LEN)) continue;
        while (field(&e.bytes, &s)) {
            if (s.key != KEY(1, LEN)) continue;
            Span tag = {0};
            double value = 0;
            size_t found = 0;
            while (field(&s.bytes, &v)) {
                if (v.key == KEY(1, LEN)) tag = v.bytes;
                if (mode == SCALARS && v.key == KEY(2, I32)) {
                    float x;
                    memcpy(&x, v.bytes.p, 4);
                    value = x, found = 1;
                }
                if (v.key == KEY(8, LEN))
                    found = mode == SCALARS ? (size_t)scalar_tensor(v.bytes, &value)
                                            : histogram_tensor(c, v.bytes);
                if (mode == HISTOGRAMS && v.key == KEY(5, LEN))
                    found = histogram_legacy(c, v.bytes);
            }
            if (!found) continue;
            size_t row = c->rows++;
            c->wall[row] = wall;
            c->step[row] = step;
            c->tag[row] = intern(log, tag);
            if (mode == SCALARS) c->value[row] = value;
            else c->end[row] = (int64_t)(c->buckets += found);
        }
    }
    return c->rows - before;
}

/* Small files make small columns, where a page of their own costs more than a copy. */
#define SMALL (1 << 17)

static void *space(size_t bytes) {
    if (bytes < SMALL) return malloc(bytes);
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) die("no address space", NULL, 0);
    madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

static void release(const void *p, size_t bytes) {
    if (!p) return;
    if (bytes < SMALL) free((void *)p);
    else munmap((void *)p, bytes);
}

static void read_log(Log *log, Columns *c) {
    int fd = open(log->path, O_RDONLY);
    if (fd < 0) die("cannot open", log, 0);
    if (mode == WALK) {
        close(fd);
        return;
    }
    if (by_read || log->size < SMALL) {
        uint8_t *copy = space(log->size);
        for (size_t at = 0; at < log->size;) {
            ssize_t n = pread(fd, copy + at, log->size - at, (off_t)at);
            if (n <= 0) die("cannot read", log, at);
            at += (size_t)n;
        }
        log->bytes = copy;
    } else {
        log->bytes = mmap(NULL, log->size, PROT_READ, MAP_SHARED, fd, 0);
        if (log->bytes == MAP_FAILED) die("cannot map", log, 0);
    }
    close(fd);
    log->to = c;
    log->first = c->rows;
    const uint8_t *p = log->bytes, *end = p + log->size;
    while (p < end) {
        size_t offset = (size_t)(p - log->bytes);
        if (end - p < 16 || load32(p + 8) != masked_crc(p, 8)) die("bad length", log, offset);
        uint64_t n = load64(p);
        if (n > (uint64_t)(end - p) - 16) die("cut short", log, offset);
        const uint8_t *payload = p + 12;
        size_t rows = mode == VERIFY ? 1 : event(log, (Span){payload, payload + n});
        if ((rows || n <= BIG) && load32(payload + n) != masked_crc(payload, n))
            die("bad payload", log, offset);
        log->records++;
        p = payload + n + 4;
    }
    log->rows = c->rows - log->first;
}

/* A record with a value takes at least 32 bytes, a bucket 16. */
static void reserve(Columns *c) {
    size_t rows = all_bytes / 32 + 1, buckets = all_bytes / 16 + 2;
    if (mode == VERIFY || mode == WALK) return;
    c->wall = space(rows * 8), c->step = space(rows * 8), c->tag = space(rows * 4);
    if (mode == SCALARS) {
        c->value = space(rows * 8);
        return;
    }
    c->end = space(rows * 8), c->left = space(buckets * 8);
    c->right = space(buckets * 8), c->count = space(buckets * 8);
}

static void give_back(Columns *c) {
    size_t rows = all_bytes / 32 + 1, buckets = all_bytes / 16 + 2;
    release(c->wall, rows * 8), release(c->step, rows * 8), release(c->tag, rows * 4);
    release(c->value, rows * 8), release(c->end, rows * 8);
    release(c->left, buckets * 8), release(c->right, buckets * 8);
    release(c->count, buckets * 8);
    *c = (Columns){0};
}

static void *work(void *own) {
    reserve(own);
    for (int i; (i = atomic_fetch_add(&next_log, 1)) < n_logs;) read_log(logs[i], own);
    return NULL;
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    if (type == FTW_F && st->st_size && strstr(path + ftw->base, "tfevents")) {
        if (n_logs == MAX_FILES) die("too many files", NULL, 0);
        logs[n_logs] = calloc(1, sizeof(Log));
        logs[n_logs]->path = strdup(path);
        logs[n_logs++]->size = (size_t)st->st_size;
        all_bytes += (size_t)st->st_size;
    }
    return 0;
}

static void forget(Log *log) {
    release(log->bytes, log->size);
    free((void *)log->path);
    free(log);
}

static uint64_t fold(double number) {
    uint64_t bits;
    memcpy(&bits, &number, 8);
    return bits ^ bits >> 32;
}

static void print_sums(void) {
    uint64_t rows = 0, records = 0, bytes = 0, buckets = 0, mix = 0;
    int64_t sum_step = 0;
    double sum = 0;
    for (int i = 0; i < n_logs; i++) {
        Log *log = logs[i];
        Columns *c = log->to;
        records += log->records, bytes += log->size, rows += log->rows;
        for (size_t row = log->first; row < log->first + log->rows; row++) {
            uint64_t key = 0xcbf29ce484222325u, content = 0, wall;
            int32_t tag = c->tag[row];
            for (uint32_t i = 0; i < log->tags[tag].length; i++)
                key = (key ^ log->tags[tag].name[i]) * 0x100000001b3u;
            memcpy(&wall, &c->wall[row], 8);
            key += (uint64_t)c->step[row] * 0x9e3779b97f4a7c15u + wall;
            if (mode == SCALARS) {
                sum += c->value[row];
                content = fold(c->value[row]);
            } else {
                size_t bucket = row ? (size_t)c->end[row - 1] : 0;
                for (; bucket < (size_t)c->end[row]; bucket++, buckets++) {
                    sum += c->count[bucket];
                    content += fold(c->count[bucket]);
                }
            }
            sum_step += c->step[row];
            mix += (key | 1) * content;
        }
    }
    printf("], \"rows\": %" PRIu64 ", \"sum_step\": %" PRId64 ", \"sum\": %.17g, \"buckets\": %" PRIu64
           ", \"mix\": %" PRIu64 ", \"records\": %" PRIu64 ", \"bytes\": %" PRIu64 "}\n",
           rows, sum_step, sum, buckets, mix, records, bytes);
}

static FILE *create(const char *dir, const char *name) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "wb");
    if (!file) die("cannot create the dump", NULL, 0);
    return file;
}

static void dump(const char *root, const char *dir) {
    FILE *wall = create(dir, "wall_time"), *value = create(dir, "value"), *step = create(dir, "step");
    FILE *tag = create(dir, "tag"), *run = create(dir, "run");
    FILE *tags = create(dir, "tags.txt"), *runs = create(dir, "runs.txt");
    for (int32_t i = 0; i < n_logs; i++) {
        Log *log = logs[i];
        Columns *c = log->to;
        const char *name = log->path + strlen(root) + 1;
        for (int32_t t = 0; t < log->n_tags; t++) {
            if (!i) fprintf(tags, "%.*s\n", (int)log->tags[t].length, log->tags[t].name);
            else if (t >= logs[0]->n_tags || log->tags[t].length != logs[0]->tags[t].length ||
                     memcmp(log->tags[t].name, logs[0]->tags[t].name, log->tags[t].length))
                die("a dump needs the same tags in every file", log, 0);
        }
        fprintf(runs, "%.*s\n", (int)(strrchr(name, '/') - name), name);
        fwrite(c->wall + log->first, 8, log->rows, wall);
        fwrite(c->value + log->first, 8, log->rows, value);
        fwrite(c->step + log->first, 8, log->rows, step);
        fwrite(c->tag + log->first, 4, log->rows, tag);
        for (size_t row = 0; row < log->rows; row++) fwrite(&i, 4, 1, run);
    }
    FILE *files[] = {wall, value, step, tag, run, tags, runs};
    for (int i = 0; i < 7; i++)
        if (fclose(files[i])) die("cannot write the dump", NULL, 0);
}

int main(int argc, char **argv) {
    const char *modes[] = {"scalars", "histograms", "verify", "walk"};
    int m = 0;
    while (argc >= 3 && m < 4 && strcmp(argv[1], modes[m])) m++;
    if (argc < 3 || m == 4) {
        fprintf(stderr, "usage: loop <scalars|histograms|verify|walk> <dir> [threads [repeats [map|read [dump]]]]\n");
        return 2;
    }
    mode = m;
    int threads = argc > 3 ? atoi(argv[3]) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    int repeats = argc > 4 ? atoi(argv[4]) : 1;
    by_read = argc > 5 && !strcmp(argv[5], "read");
    printf("{\"seconds\": [");
    for (int repeat = 0; repeat < repeats; repeat++) {
        for (int i = 0; i < MAX_THREADS; i++) give_back(&columns[i]);
        for (int i = 0; i < n_logs; i++) forget(logs[i]);
        n_logs = 0, all_bytes = 0;
        atomic_store(&next_log, 0);
        struct timespec a, b;
        clock_gettime(CLOCK_MONOTONIC, &a);
        make_zeros(zeros_long, LONG);
        make_zeros(zeros_short, SHORT);
        nftw(argv[2], visit, 64, FTW_PHYS);
        pthread_t pool[MAX_THREADS];
        int all = threads > MAX_THREADS ? MAX_THREADS : threads;
        for (int i = 1; i < all; i++) pthread_create(&pool[i], NULL, work, &columns[i]);
        work(&columns[0]);
        for (int i = 1; i < all; i++) pthread_join(pool[i], NULL);
        clock_gettime(CLOCK_MONOTONIC, &b);
        printf("%s%.6f", repeat ? ", " : "", b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) * 1e-9);
    }
    print_sums();
    if (argc > 6 && mode == SCALARS) dump(argv[2], argv[6]);
    return 0;
}
