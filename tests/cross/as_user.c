/* Runs a program as the owner of a profile folder: Wine sets USERPROFILE itself, so it can only be changed from inside. */
#include <process.h>
#include <windows.h>

int wmain(int argc, wchar_t **argv)
{
    if (argc < 3)
        return 99;
    SetEnvironmentVariableW(L"USERPROFILE", argv[1]);
    SetEnvironmentVariableW(L"HOME", NULL);
    SetEnvironmentVariableW(L"HOMEDRIVE", NULL);
    SetEnvironmentVariableW(L"HOMEPATH", NULL);
    _wputenv_s(L"HOMEDRIVE", L"");
    _wputenv_s(L"HOMEPATH", L"");
    _wputenv_s(L"USERPROFILE", argv[1]);
    return (int)_wspawnv(_P_WAIT, argv[2], (const wchar_t *const *)argv + 2);
}
