using Lumos.Cli;
using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Core.Configuration;
using Lumos.Drivers.Files;
using Lumos.Drivers.Notices;
using Lumos.Drivers.Tools;
using Lumos.Linux;
using Lumos.Node.FileSystems;
using Lumos.Node.Host;

namespace Lumos.Node.Settings;

/// <summary>
/// The method of svc:/system/smartdc/config: brings the settings of /usbkey/config that are not the network's into the files
/// in memory. Each setting stands alone: one that fails is named on the console and the others are still made; the service
/// comes up all the same, because ssh waits for it and is how somebody gets in to mend the setting.
/// </summary>
internal sealed class SmartdcConfig(INodeHost host, BootNotes notes, MountPaths paths)
{
    /// <returns>The method's exit status.</returns>
    internal int Run(BootArguments boot)
    {
        string file = Path.Combine(paths.UsbKey, "config");
        var config = ShellConfig.Empty;
        Try("/usbkey/config", () => config = File.Exists(file) ? ShellConfig.Parse(File.ReadAllText(file), file) : config);
        Try("ssh host keys", () => host.MakeHostKeys(Path.Combine(paths.Etc, "ssh")));
        Try("root_authorized_keys_file", () => AuthorizedKeys(config));
        Try("root_shadow", () => RootShadow(boot));
        Try("ntp_hosts", () => TimeServers(config));
        Try("smt_enabled", () => HyperThreading(config));
        Try("default_keymap", () => Keymap(config));
        return ExitStatus.Success;

        void Try(string setting, Action make)
        {
            try
            {
                make();
            }
            catch (Exception e) when (e is LumosException or IOException or UnauthorizedAccessException)
            {
                notes.Announce($"smartdc/config: {setting}: {LumosException.Describe(e)}");
            }
        }
    }

    internal static int Applet(AppletContext context, Func<BootNotes, SmartdcConfig> compose, BootArguments boot)
    {
        if (context.Args is not ["start"])
        {
            throw new UsageException("usage: smartdc-config start (a method of svc:/system/smartdc/config)");
        }
        return compose(new BootNotes(context.Error)).Run(boot);
    }

    private void AuthorizedKeys(ShellConfig config)
    {
        if (config.NonEmpty("root_authorized_keys_file") is not { } name)
        {
            return;
        }
        string keys = File.ReadAllText(Included("root_authorized_keys_file", name));
        string folder = Path.Combine(paths.Root, "root/.ssh"), file = Path.Combine(folder, "authorized_keys");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        // A boot module (/system/boot/root/.ssh/authorized_keys) may have put keys there already; both sets count.
        string before = File.Exists(file) ? File.ReadAllText(file) : "";
        var missing = keys.Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0).Except(before.Split('\n'));
        string after = before.Length == 0 || before.EndsWith('\n') ? before : before + "\n";
        AtomicFile.Write(file, after + string.Concat(missing.Select(l => l + "\n")), Modes.ReadableByRoot);
    }

    /// <summary>Without a pool the boot argument works on the file in memory; with one it was worked in before that was mounted.</summary>
    private void RootShadow(BootArguments boot)
    {
        string shadow = Path.Combine(paths.Etc, "shadow");
        if (boot["root_shadow"] is not { } hash || host.IsMountPoint(shadow))
        {
            return;
        }
        if (!ShadowFile.IsHash(hash))
        {
            throw new LumosException("BadHash", "the boot argument is not a password hash such as \"$6$…\"");
        }
        string text = ShadowFile.WithHash(File.ReadAllText(shadow), "root", hash, DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 86400);
        AtomicFile.Write(shadow, text, Modes.ReadableByRoot);
    }

    private void TimeServers(ShellConfig config)
    {
        string file = Path.Combine(paths.Etc, "chrony/chrony.conf");
        if (config.NonEmpty("ntp_conf_file") is { } name)
        {
            AtomicFile.Write(file, File.ReadAllText(Included("ntp_conf_file", name)));
            return;
        }
        var servers = (config.NonEmpty("ntp_hosts") ?? "")
            .Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (servers.Length > 0)
        {
            AtomicFile.Write(file, ChronyConfig.WithServers(File.Exists(file) ? File.ReadAllText(file) : "", servers));
        }
    }

    private void HyperThreading(ShellConfig config)
    {
        const string Control = "/sys/devices/system/cpu/smt/control";
        if (config.NonEmpty("smt_enabled") is not { } wish || !File.Exists(Control))
        {
            return;
        }
        string state = File.ReadAllText(Control).Trim();
        string wanted = wish is "true" or "yes" or "1" ? "on" : "off";
        if (state is "on" or "off" && state != wanted)
        {
            File.WriteAllText(Control, wanted);
            notes.Say($"hyper-threading is {wanted} now");
        }
    }

    private void Keymap(ShellConfig config)
    {
        if (config.NonEmpty("default_keymap") is not { } map)
        {
            return;
        }
        try
        {
            Tool.Run("loadkeys", map).OrThrow();
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            throw new LumosException("NoKeymaps", $"\"{map}\" cannot be loaded: this platform brings no keyboard maps yet");
        }
    }

    /// <summary>A file of /usbkey/config.inc, named without a folder.</summary>
    private string Included(string key, string name)
    {
        if (name.Contains('/', StringComparison.Ordinal) || name is "." or "..")
        {
            throw new LumosException("BadFileName", $"\"{name}\" has to be a file's name in /usbkey/config.inc, without a folder");
        }
        string file = Path.Combine(paths.UsbKey, "config.inc", name);
        return File.Exists(file) ? file : throw new LumosException("NoFile", $"{file}, which {key} names, does not exist");
    }
}
