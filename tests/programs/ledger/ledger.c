/* A ledger of amounts with commands in capitals, codes in front of replies, and no word "help". */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct { char name[32]; long amount; } rows[100];
static int count;

static int find(const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return i;
    return -1;
}

static int is_number(const char *text)
{
    char *end;
    strtol(text, &end, 10);
    return *text && !*end;
}

static void set(const char *name, const char *amount)
{
    if (!is_number(amount)) {
        puts("ERR amount must be a number");
        return;
    }
    int at = find(name);
    if (at < 0 && count == 100) {
        puts("ERR full");
        return;
    }
    if (at < 0)
        snprintf(rows[at = count++].name, sizeof rows[0].name, "%s", name);
    rows[at].amount = atol(amount);
    puts("OK");
}

static void all(void)
{
    for (int i = 0; i < count; i++)
        printf("%s\t%ld\n", rows[i].name, rows[i].amount);
    printf("END %d\n", count);
}

int main(void)
{
    char line[200], word[100], first[100], second[100];
    setvbuf(stdout, NULL, _IOLBF, 0);
    puts("ledger ready");
    while (fgets(line, sizeof line, stdin)) {
        int parts = sscanf(line, "%99s %99s %99s", word, first, second);
        if (parts < 1)
            continue;
        if (strcmp(word, "?") == 0)
            puts("SET name amount - store an amount\nGET name - show it\nALL - show all\nBYE - leave");
        else if (strcmp(word, "SET") == 0 && parts == 3)
            set(first, second);
        else if (strcmp(word, "GET") == 0 && parts == 2) {
            int at = find(first);
            if (at < 0)
                puts("NONE");
            else
                printf("VALUE %ld\n", rows[at].amount);
        } else if (strcmp(word, "ALL") == 0)
            all();
        else if (strcmp(word, "BYE") == 0)
            return 0;
        else
            printf("ERR what is %s\n", word);
    }
    return 0;
}
