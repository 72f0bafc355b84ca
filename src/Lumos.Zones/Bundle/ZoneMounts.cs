using System.Globalization;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Zones.Bundle;

/// <summary>What is mounted in a zone, in order.</summary>
internal static class ZoneMounts
{
    /// <summary>Where the platform's /usr lies below /native; the rest there are links to it.</summary>
    internal const string PlatformEntry = "platform";

    internal static JsonArray Of(ZoneSpec zone, BundlePlaces places)
    {
        string platform = zone.Brand.PlatformPrefix, control = "/.zonecontrol";
        var mounts = new JsonArray
        {
            (JsonNode)Mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
            (JsonNode)Mount("/dev", "tmpfs", "tmpfs", "nosuid", "noexec", "strictatime", "mode=755", "size=65536k"),
            (JsonNode)Mount("/dev/pts", "devpts", "devpts",
                "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5",
                "max=" + SecurityProfile.Terminals.ToString(CultureInfo.InvariantCulture)),
            (JsonNode)Mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777"),
            (JsonNode)Mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
            (JsonNode)Mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
            (JsonNode)Mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "rw"),
        };
        if (zone.Docker is null)
        {
            mounts.Add((JsonNode)Mount("/run", "tmpfs", "tmpfs", "nosuid", "nodev", "mode=755"));
        }
        if (zone.Docker is null ? zone.TmpfsBytes is not 0 : zone.TmpfsBytes > 0)
        {
            string[] size = zone.TmpfsBytes is { } bytes ? ["size=" + bytes.ToString(CultureInfo.InvariantCulture)] : [];
            mounts.Add((JsonNode)Mount("/tmp", "tmpfs", "tmpfs", ["nosuid", "nodev", "mode=1777", .. size]));
        }
        if (zone.Brand.IsLx)
        {
            mounts.Add((JsonNode)Mount(platform, "bind", places.NativeFolder, "bind", "ro", "nosuid", "nodev"));
            control = platform + control;
            platform += "/" + PlatformEntry;
        }
        mounts.Add((JsonNode)Mount(platform, "bind", places.PlatformUsr, "bind", "ro", "nodev"));
        mounts.Add((JsonNode)Mount(platform + "/lib/lumos/zonename", "bind", places.ZoneNameFile, "bind", "ro", "nosuid", "nodev", "noexec"));
        foreach (var (destination, source) in places.KernelFiles)
        {
            mounts.Add((JsonNode)Mount(destination, "bind", source, "bind", "ro", "nosuid", "nodev", "noexec"));
        }
        mounts.Add((JsonNode)Mount(control, "bind", places.ControlFolder, "bind", "ro", "nosuid", "nodev", "noexec"));
        foreach (var mount in zone.Mounts)
        {
            mounts.Add((JsonNode)OfConfiguration(zone, mount));
        }
        return mounts;
    }

    private static JsonObject OfConfiguration(ZoneSpec zone, ZoneMount mount)
    {
        string? fault = !MountOptions.Types.Contains(mount.Type)
            ? $"type {mount.Type} is not known ({string.Join(", ", MountOptions.Types)})"
            : mount.Options.Select(option => MountOptions.Fault(mount.Type, option)).FirstOrDefault(why => why is not null);
        if (fault is not null)
        {
            throw new LumosException("ZoneCannotBoot", $"zone '{zone.Name}': file system {mount.Target}: {fault}");
        }
        string[] options = [.. MountOptions.Linux(mount.Type, mount.Options)];
        return mount.Type == MountOptions.Tmpfs
            ? Mount(mount.Target, "tmpfs", "tmpfs", options)
            : Mount(mount.Target, "bind", mount.Source, ["bind", .. options]);
    }

    internal static JsonObject Mount(string target, string type, string source, params string[] options) => new()
    {
        ["destination"] = target,
        ["type"] = type,
        ["source"] = source,
        ["options"] = OciBundle.Strings(options),
    };
}
