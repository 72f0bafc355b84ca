using System.Text;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Drivers.Notices;
using Lumos.Linux;
using Lumos.Node.Host;

namespace Lumos.Node.FirstBoot;

/// <summary>
/// Where the answers of an unattended first boot come from. The first of these that is there counts: the boot argument
/// <c>answers=</c> (base64 of the JSON), /system/boot/answers.json (a module of the boot loader), /private/answers.json on a
/// medium whose label begins with LUMOS, /usbkey/private/answers.json.
/// </summary>
internal sealed class AnswerSource(INodeHost host, BootNotes notes, string byLabel = "/dev/disk/by-label")
{
    internal const string HowTo =
        "This machine is not set up. To set it up unattended, give it an answers.json: on a CD or USB medium labelled LUMOS as "
        + "/private/answers.json, as the boot module /system/boot/answers.json, or in the boot argument answers= (base64). "
        + "Or write /system/boot/answers.json here (log in as root, password root) and run: svcadm clear smartdc/init";

    /// <returns>The text and where it is from; null when there is none.</returns>
    /// <exception cref="LumosException">BadAnswers: the boot argument cannot be read.</exception>
    internal (string Text, string Origin)? Find(BootArguments boot)
    {
        if (boot["answers"] is { } argument)
        {
            return (FromArgument(argument), "the boot argument answers=");
        }
        return FromFile("/system/boot/answers.json") ?? FromMedia() ?? FromFile("/usbkey/private/answers.json");
    }

    internal static string FromArgument(string argument)
    {
        if (argument.Contains("://", StringComparison.Ordinal))
        {
            throw new LumosException("BadAnswers",
                $"the boot argument answers={argument} is an address, and fetching answers is not supported yet; "
                + "give the JSON itself, as base64");
        }
        try
        {
            string padded = argument.Replace('-', '+').Replace('_', '/').TrimEnd('=');
            return Encoding.UTF8.GetString(Convert.FromBase64String(padded + new string('=', (4 - (padded.Length % 4)) % 4)));
        }
        catch (FormatException e)
        {
            throw new LumosException("BadAnswers", "the boot argument answers= is not base64", inner: e);
        }
    }

    private static (string, string)? FromFile(string path) => File.Exists(path) ? (File.ReadAllText(path), path) : null;

    private (string, string)? FromMedia()
    {
        if (!Directory.Exists(byLabel))
        {
            return null;
        }
        var links = Directory.EnumerateFiles(byLabel)
            .Where(l => Path.GetFileName(l).StartsWith("LUMOS", StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal);
        foreach (string link in links)
        {
            if (FromMedium(link) is { } answers)
            {
                return answers;
            }
        }
        return null;
    }

    private (string, string)? FromMedium(string device)
    {
        const string Target = "/run/lumos/boot/medium";
        foreach (string type in (string[])["iso9660", "vfat"])
        {
            try
            {
                host.Mount(device, Target, type, readOnly: true);
            }
            catch (ErrnoException e)
            {
                notes.Say($"{device} is not mounted as {type}: {e.Message}");
                continue;
            }
            try
            {
                return FromFile(Path.Combine(Target, "private/answers.json")) is { } found
                    ? (found.Item1, $"{device}, /private/answers.json")
                    : null;
            }
            finally
            {
                host.Unmount(Target);
            }
        }
        return null;
    }
}
