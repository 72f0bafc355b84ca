using System.Globalization;
using System.Text.Json.Nodes;

namespace Lumos.Vm.Audit;

/// <summary>Who runs us, as far as the kernel says: user ids, the parent process, and who logged in before becoming root.</summary>
internal static class Caller
{
    internal static JsonObject Describe(Func<string, string?> environment)
    {
        var caller = new JsonObject();
        var status = Lines("/proc/self/status");
        if (Field(status, "Uid:") is { } uid)
        {
            caller["uid"] = uid;
        }
        if (Field(status, "PPid:") is { } parent)
        {
            caller["pid"] = parent;
            if (Lines($"/proc/{parent}/comm") is [var name, ..])
            {
                caller["command"] = name;
            }
        }
        // Set once by PAM at login and kept through su and sudo; the greatest number means that nobody logged in.
        if (Lines("/proc/self/loginuid") is [var text, ..] && uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint login) && login != uint.MaxValue)
        {
            caller["login"] = NameOf(text) ?? text;
        }
        else if (environment("SUDO_USER") is { Length: > 0 } user)
        {
            caller["login"] = user;
        }
        return caller;
    }

    private static long? Field(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            && long.TryParse(line[name.Length..].Trim().Split('\t')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string? NameOf(string uid) =>
        Lines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(fields => fields.Length > 2 && fields[2] == uid)?[0];

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
