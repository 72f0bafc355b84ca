namespace Lumos.Init;

internal static class InitMain
{
    internal static int Run(string[] words)
    {
        Say.Line($"{words[0]}: only --exec is here yet");
        return 2;
    }
}
