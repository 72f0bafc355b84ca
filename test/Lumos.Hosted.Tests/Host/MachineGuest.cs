using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Lumos.Drivers.Tools;

namespace Lumos.Hosted.Tests.Host;

/// <summary>The tiny guest of a hardware VM, seen and typed into through its first serial port.</summary>
internal sealed class MachineGuest(HostedRoot root, HostedVm vm)
{
    /// <summary>What a guest gets to boot in whose processor is emulated, and to answer.</summary>
    private static readonly TimeSpan BootTime = TimeSpan.FromSeconds(120), AnswerTime = TimeSpan.FromSeconds(60);

    private int _asked;

    /// <summary>Waits until it has booted so many times from its disk, and returns what it says of itself.</summary>
    internal string Ready(int boots)
    {
        string start = string.Create(CultureInfo.InvariantCulture, $"tiny: ready boots={boots} "), line = "";
        Wait.For("the guest", () => (line = Console().Split('\n').LastOrDefault(one => one.StartsWith(start, StringComparison.Ordinal)) ?? "").Contains("firmware=", StringComparison.Ordinal),
            Console, BootTime);
        return line;
    }

    /// <summary>What a command line prints in the guest's shell.</summary>
    internal string Ask(string line)
    {
        // What is typed is shown, too: the marks are put together by the shell.
        string mark = string.Create(CultureInfo.InvariantCulture, $"{++_asked}");
        Type($"{line} >/tmp/a 2>&1; echo begin-$(({mark})); cat /tmp/a; echo; echo end-$(({mark}))");
        string answer = "";
        Wait.For("the guest's answer", () => Regex.Match(Console(), $@"\nbegin-{mark}\n(.*)\nend-{mark}\n", RegexOptions.Singleline) is { Success: true } found && (answer = found.Groups[1].Value) is not null,
            Console, AnswerTime);
        return answer.Trim();
    }

    /// <summary>Types a line; whatever comes of it.</summary>
    internal void Type(string line)
    {
        string[] argv = ["script", "-qec", $"{root.Program("vmadm")} console {vm.Uuid}", "/dev/null"];
        Tool.Run(["timeout", "20", "sh", "-c", $"{{ printf '%s\\r' '{line}'; sleep 2; printf '\\035'; }} | {string.Join(' ', argv.Select(word => $"'{word}'"))}"],
            null, new Dictionary<string, string>(Tool.InCLocale()) { ["LUMOS_ROOT"] = root.Prefix });
    }

    /// <summary>What appeared on the first serial port: the log's lines are TIME STREAM F|P TEXT.</summary>
    internal string Console()
    {
        string file = root.Inside($"/zones/{vm.Uuid}/logs/console.log");
        var text = new StringBuilder();
        foreach (string[] parts in (File.Exists(file) ? File.ReadLines(file) : []).Select(line => line.Split(' ', 4)).Where(parts => parts.Length == 4))
        {
            text.Append(parts[3].TrimEnd('\r')).Append(parts[2] == "F" ? "\n" : "");
        }
        return text.ToString();
    }
}
