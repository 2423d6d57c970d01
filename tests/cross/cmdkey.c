/* A stand-in for Windows' cmdkey: lists one CodeCommit entry that the AWS CLI's helper left behind, and one for another host. */
#include <stdio.h>

int main(void)
{
    puts("\nCurrently stored credentials:\n");
    puts("    Target: LegacyGeneric:target=git:https://git-codecommit.us-east-2.amazonaws.com");
    puts("    Type: Generic");
    puts("    User: AKIAIOSFODNN7EXAMPLE");
    puts("    Local machine persistence\n");
    puts("    Target: LegacyGeneric:target=git:https://github.com");
    puts("    Type: Generic");
    puts("    User: ann");
    return 0;
}
