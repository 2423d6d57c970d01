/* A stand-in for Git for Windows: its version, and the configuration of the user's .gitconfig as git lists it. */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* The user's configuration file as Git for Windows names it: in UTF-8, with slashes. */
static void config_file(char *file, int size)
{
    WideCharToMultiByte(CP_UTF8, 0, _wgetenv(L"USERPROFILE"), -1, file, size, NULL, NULL);
    for (char *at = file; *at; at++)
        if (*at == '\\')
            *at = '/';
    strcat(file, "/.gitconfig");
}

static void entry(const char *file, const char *key, const char *value)
{
    printf("global%cfile:%s%c%s\n%s%c", 0, file, 0, key, value, 0);
}

int main(int argc, char **argv)
{
    /* Git writes bytes, never CRLF. */
    _setmode(_fileno(stdout), _O_BINARY);
    if (argc > 1 && strcmp(argv[1], "version") == 0) {
        puts("git version 2.47.1.windows.2\ncpu: x86_64\nlibcurl: 8.10.1");
        return 0;
    }
    if (argc > 2 && strcmp(argv[1], "config") == 0) {
        char file[1024];
        const char *section = "credential.https://git-codecommit.*.amazonaws.com";
        char key[256];
        config_file(file, sizeof file - 16);
        snprintf(key, sizeof key, "%s.helper", section);
        entry(file, key, "!aws codecommit credential-helper $@");
        snprintf(key, sizeof key, "%s.usehttppath", section);
        entry(file, key, "true");
        entry(file, "credential.helper", "manager");
        return 0;
    }
    return 1;
}
