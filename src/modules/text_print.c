/* vsnprintf, quicker for the formats that most programs print most: text, strings, characters and
 * plain decimal numbers. Anything else in a format hands the whole of it to libc, so what is
 * printed is the same. (A number by vsnprintf costs as much as some hundred appended characters.)
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <bitena/text.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

enum { DIGITS = 20 }; /* of 64 bits */

/* Counts what does not fit, as vsnprintf; writes none of it, since the callers print again. */
struct printer {
    char *at;
    size_t room, size;
    va_list arguments;
};

static void put(struct printer *printer, const char *bytes, size_t size)
{
    if (size && printer->size < printer->room && size < printer->room - printer->size) {
        bitena_text_put_(printer->at + printer->size, bytes, size);
    }
    printer->size += size;
}

/* In their place at once: digits that are stored one by one and loaded together wait. */
static void put_number(struct printer *printer, uint64_t magnitude, bool negative)
{
    size_t count = 1;
    for (uint64_t beyond = 10; count < DIGITS && magnitude >= beyond; beyond *= 10) {
        count++;
    }
    if (negative) {
        put(printer, "-", 1);
    }
    printer->size += count;
    if (printer->size < printer->room) {
        for (char *at = printer->at + printer->size; count != 0; count--) {
            *--at = (char)('0' + magnitude % 10);
            magnitude /= 10;
        }
    }
}

/* longs: how many letters l stand before it; 3: a z. */
static void put_signed(struct printer *printer, int longs)
{
    int64_t value = longs == 0   ? va_arg(printer->arguments, int)
                    : longs == 1 ? va_arg(printer->arguments, long)
                    : longs == 2 ? va_arg(printer->arguments, long long)
                                 : va_arg(printer->arguments, ptrdiff_t);
    uint64_t magnitude = (uint64_t)value;
    put_number(printer, value < 0 ? 0 - magnitude : magnitude, value < 0);
}

static void put_unsigned(struct printer *printer, int longs)
{
    put_number(printer,
               longs == 0   ? va_arg(printer->arguments, unsigned)
               : longs == 1 ? va_arg(printer->arguments, unsigned long)
               : longs == 2 ? va_arg(printer->arguments, unsigned long long)
                            : va_arg(printer->arguments, size_t),
               false);
}

/* NULL is libc's to print. */
static bool put_string(struct printer *printer, bool limited)
{
    int most = limited ? va_arg(printer->arguments, int) : -1;
    const char *s = va_arg(printer->arguments, const char *);
    if (s) {
        put(printer, s, most < 0 ? strlen(s) : strnlen(s, (size_t)most));
    }
    return s != NULL;
}

/* The conversion behind a %; NULL: not one of ours. */
static const char *put_converted(struct printer *printer, const char *format)
{
    if (format[0] == '.' && format[1] == '*' && format[2] == 's') {
        return put_string(printer, true) ? format + 3 : NULL;
    }
    int longs = *format == 'z' ? 3 : (format[0] == 'l') + (format[0] == 'l' && format[1] == 'l');
    format += longs == 3 ? 1 : longs;
    if (*format == 'd' || *format == 'i') {
        put_signed(printer, longs);
    } else if (*format == 'u') {
        put_unsigned(printer, longs);
    } else if (longs == 0 && *format == 's') {
        return put_string(printer, false) ? format + 1 : NULL;
    } else if (longs == 0 && *format == 'c') {
        char c = (char)va_arg(printer->arguments, int);
        put(printer, &c, 1);
    } else if (longs == 0 && *format == '%') {
        put(printer, "%", 1);
    } else {
        return NULL;
    }
    return format + 1;
}

/* False: vsnprintf has to do it. */
static bool print(struct printer *printer, const char *format)
{
    for (;;) {
        const char *percent = format;
        while (*percent != 0 && *percent != '%') { /* few: a call of strchr costs more */
            percent++;
        }
        if (percent != format) {
            put(printer, format, (size_t)(percent - format));
        }
        if (printer->size > INT_MAX) {
            return true; /* more than printf can say: refused */
        }
        if (*percent == 0) {
            break;
        }
        format = put_converted(printer, percent + 1);
        if (!format) {
            return false;
        }
    }
    if (printer->size < printer->room) {
        printer->at[printer->size] = 0;
    }
    return true;
}

int bitena_text_print_(char *at, size_t room, const char *format, va_list arguments)
{
    struct printer printer = {.at = at, .room = room};
    va_copy(printer.arguments, arguments);
    bool ours = print(&printer, format);
    va_end(printer.arguments);
    if (ours) {
        errno = printer.size > INT_MAX ? EOVERFLOW : errno;
        return printer.size > INT_MAX ? -1 : (int)printer.size;
    }
    int error = errno;
    va_copy(printer.arguments, arguments);
    int length = vsnprintf(at, room < INT_MAX ? room : INT_MAX, format, printer.arguments);
    va_end(printer.arguments);
    errno = length < 0 ? errno : error;
    return length;
}
