namespace Lumos.Cli;

/// <summary>Exit statuses all our commands share (a command's page lists its others).</summary>
public static class ExitStatus
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int Usage = 2;
}
