using Lumos.Bench.Packages;
using Lumos.Core;
using Lumos.Drivers.Tools;
using Lumos.Machine;

namespace Lumos.Dev;

/// <summary>What a command needs installed.</summary>
[Flags]
internal enum Need
{
    None = 0,

    /// <summary>Compile ahead of time.</summary>
    Compile = 1,

    /// <summary>Make images.</summary>
    Image = 2,

    /// <summary>Run a virtual machine.</summary>
    Machine = 4,

    /// <summary>Run the tests of level host.</summary>
    HostTests = 8,

    /// <summary>Run the benchmark, its neighbours' packages apart.</summary>
    Bench = 16,

    /// <summary>Write the page of the benchmark.</summary>
    BenchReport = 32,

    /// <summary>Be a hosted global zone.</summary>
    Hosted = 64,
}

/// <summary>
/// Debian packages for each need: looked up with dpkg-query, installed with apt-get, no service of theirs started (<see cref="ServicesHeldBack"/>).
/// Names are Debian 12's and 13's alike.
/// </summary>
internal static class Prerequisites
{
    private static readonly (Need Need, string[] Packages)[] _table =
    [
        (Need.Compile, ["clang", "zlib1g-dev", "npm"]),
        (Need.Image, ["mmdebstrap", "squashfs-tools", "xorriso", "grub-common", "grub-pc-bin", "grub-efi-amd64-bin", "mtools", "dosfstools", "fdisk", "e2fsprogs",
            "pigz", "cpio", "zstd", "xz-utils", "busybox-static", "kmod", "uidmap", "openssl"]),
        (Need.Machine, ["qemu-system-x86", "qemu-utils", "ovmf", "openssh-client", "xorriso"]),
        (Need.Hosted, ["crun", "conmon", "btrfs-progs", "nftables", "dnsmasq-base", "busybox-static", "iproute2"]),
        (Need.HostTests, ["gcc", "libc6-dev", "runc", "conmon", "qemu-system-x86", "nftables", "dnsmasq-base", "iproute2", "iputils-ping", "busybox-static", "btrfs-progs", "openssh-client", "docker-registry", "skopeo"]),
        (Need.Bench, ["gcc", "libc6-dev", "btrfs-progs", "mmdebstrap", "iproute2", "util-linux"]),
        (Need.BenchReport, ["gnuplot-nox"]),
    ];

    /// <summary>Makes sure that everything for <paramref name="needs"/> is there.</summary>
    /// <param name="needs">What the command is about to do.</param>
    /// <param name="yes">Install without asking.</param>
    public static void Ensure(Need needs, bool yes)
    {
        if (!File.Exists("/usr/bin/dpkg-query"))
        {
            throw new LumosException("NotDebian", "this workstation is not Debian (there is no dpkg-query); LumOS is built on Debian 12 or 13");
        }
        string[] wanted = [.. _table.Where(row => needs.HasFlag(row.Need)).SelectMany(row => row.Packages).Distinct()];
        string[] missing = [.. wanted.Where(package => !IsInstalled(package))];
        if (missing.Length == 0)
        {
            return;
        }
        string[] install = ["apt-get", "install", "--yes", "--no-install-recommends", .. missing];
        string command = $"{(IsRoot ? "" : "sudo ")}{string.Join(' ', install)}";
        if (!yes && !MayInstall(missing, command))
        {
            throw new LumosException("PackagesMissing", $"these Debian packages are missing; install them with: {command}");
        }
        string[] become = IsRoot ? [] : HasSudo ? ["sudo", "--"]
            : throw new LumosException("NotRoot", $"installing needs root and there is no sudo; run as root: {command}");
        Console.Error.WriteLine($"lumos: {command}");
        string[] quietly = ["env", "DEBIAN_FRONTEND=noninteractive"];
        string[] attempt = [.. become, .. ServicesHeldBack.Around(missing, [.. quietly, .. install])];
        // The lists may be old or, in a container, absent: they are fetched only when the first attempt fails.
        if (HostCommand.RunAttached(attempt) != 0)
        {
            HostCommand.RunAttached([.. become, .. quietly, "apt-get", "update"]);
            if (HostCommand.RunAttached(attempt) != 0)
            {
                throw new LumosException("PackagesMissing", $"apt-get could not install {string.Join(' ', missing)}; see what it said above");
            }
        }
    }

    /// <summary>Asks before a command installs packages by itself.</summary>
    public static void MayInstall(IReadOnlyList<string> missing, bool yes)
    {
        if (missing.Count > 0 && !yes && !MayInstall([.. missing], $"apt-get install {string.Join(' ', missing)}"))
        {
            throw new LumosException("PackagesMissing", $"these Debian packages are missing: {string.Join(' ', missing)}; --yes installs them");
        }
    }

    /// <summary>True when we are the superuser.</summary>
    public static bool IsRoot => Environment.UserName == "root";

    private static bool HasSudo => File.Exists("/usr/bin/sudo");

    private static bool MayInstall(string[] missing, string command)
    {
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
        {
            return Environment.GetEnvironmentVariable("CI") == "true";
        }
        Console.Error.Write($"These Debian packages are missing: {string.Join(' ', missing)}\nRun \"{command}\" now? [y/N] ");
        return Console.ReadLine()?.Trim() is "y" or "Y" or "yes";
    }

    // npm comes in other packages, too, which exclude Debian's.
    private static bool IsInstalled(string package) => (package == "npm" && File.Exists("/usr/bin/npm")) ||
        Tool.Run("dpkg-query", "-W", "-f", "${db:Status-Status}", package) is { Succeeded: true, Output: "installed" };
}
