using System.Collections.Immutable;

namespace Lumos.Zones.Login;

/// <summary>What is run when one logs in to a zone. Pure.</summary>
public static class LoginCommand
{
    private const string RootPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/local/sbin:/opt/local/bin";
    private const string UserPath = "/usr/local/bin:/usr/bin:/bin:/opt/local/bin";

    /// <param name="words">A command, joined by blanks and run by the user's shell; none: a login shell.</param>
    /// <param name="terminalType">Our TERM; null: there is no terminal.</param>
    /// <param name="homeExists">The user's home is there; if not, we begin in /.</param>
    public static ZoneCommand Of(ZoneUser user, IReadOnlyList<string> words, string? terminalType, bool terminal, bool homeExists)
    {
        var environment = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        environment["HOME"] = user.Home;
        environment["LOGNAME"] = user.Name;
        environment["PATH"] = user.Uid == 0 ? RootPath : UserPath;
        environment["SHELL"] = user.Shell;
        environment["USER"] = user.Name;
        if (terminalType is { Length: > 0 })
        {
            environment["TERM"] = terminalType;
        }
        return new ZoneCommand
        {
            Argv = words.Count == 0 ? [user.Shell, "-l"] : [user.Shell, "-c", string.Join(' ', words)],
            Environment = environment.ToImmutable(),
            WorkingDirectory = homeExists ? user.Home : "/",
            Uid = user.Uid,
            Gid = user.Gid,
            OtherGids = user.OtherGids,
            Terminal = terminal,
        };
    }
}
