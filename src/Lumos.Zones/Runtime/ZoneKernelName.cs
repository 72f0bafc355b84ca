using System.Buffers.Binary;
using System.Text;
using Lumos.Core;
using Lumos.Drivers.Files;
using Lumos.Linux;
using Lumos.Linux.Ebpf;
using Lumos.Linux.Files;
using Lumos.Linux.Mounts;

namespace Lumos.Zones.Runtime;

// Purpose. An lx zone has a kernel_version: what uname(2) tells inside it, as illumos's personality of Linux does, so that software
// made for an old kernel is not put off, and software that looks for SmartOS (cloud-init's data source) finds it by the version
// "BrandZ virtual linux". Linux has no such setting: the names of a kernel are one for all namespaces.
//
// How. A probe of eBPF runs when the kernel's uname(2) returns. It looks the caller's cgroup and those above it up in a map; a zone's
// cgroup has the two texts there, and they are written over what the kernel has just written into the caller's structure. A zone
// cannot evade or notice it, and no other system call pays for it. /proc/version and the two files of /proc/sys/kernel say the
// same by files bound over them.
//
// In the kernel. Map and probe are pinned below /sys/fs/bpf/lumos, made at the first boot of a zone that needs them; they live without
// any process of ours. A zone's entry is made before its init starts and taken out when the zone is cleared.
//
// Failure. Where the kernel cannot be probed there (no bpffs, no tracing) the zone boots all the same and sees the real names; the
// reason is said. A program that maps its structure read-only gets the real names.
//
// Tests. The map and the search of the kernel's types on the kernel of the host; the whole in the live image.

/// <summary>What a zone is told its kernel is.</summary>
internal sealed class ZoneKernelName(ZoneLayout layout, Action<string> warn)
{
    /// <summary>What illumos's uname tells as the version in every lx zone.</summary>
    internal const string Version = "BrandZ virtual linux";

    private const string Pins = "/sys/fs/bpf/lumos";

    private const string MapPin = Pins + "/uname-map", ProbePin = Pins + "/uname-probe";

    /// <summary>Magic of bpffs.</summary>
    private const long BpfFileSystem = 0xcafe4a11;

    /// <summary>struct new_utsname: six texts of so many bytes; release and version are the third and fourth.</summary>
    private const int TextLength = 65, ReleaseAt = 2 * TextLength, TextsLength = 2 * TextLength;

    /// <summary>More zones than a machine has.</summary>
    private const int MostZones = 16_384;

    /// <summary>So deep a cgroup below a zone's may be and still be found; the kernel is asked for each level in turn.</summary>
    private const int Levels = 16;

    /// <summary>The place of the first argument in struct pt_regs of x86-64.</summary>
    private const short FirstArgument = 112;

    // enum bpf_func_id
    private const int MapLookup = 1, WriteToUser = 36, AncestorCgroup = 123;

    /// <summary>Makes the probe if it is not there. False, and a word why: zones here see the kernel's own names.</summary>
    internal bool Prepare()
    {
        if (File.Exists(ProbePin))
        {
            return true;
        }
        try
        {
            using var held = FileLock.Acquire(Path.Combine(layout.Locks, "kernel-name.lock"));
            if (File.Exists(ProbePin))
            {
                return true;
            }
            if (FileSystemUsage.Of("/sys/fs/bpf").Magic != BpfFileSystem)
            {
                throw new IOException("no bpf file system is mounted at /sys/fs/bpf");
            }
            Directory.CreateDirectory(Pins);
            File.Delete(MapPin); // of one that was cut short
            using var map = EbpfMap.Create("lumos_uname", sizeof(ulong), TextsLength, MostZones);
            using var probe = ExitProbe.Attach("lumos_uname", "__x64_sys_newuname", Text(map));
            map.Pin(MapPin);
            probe.Pin(ProbePin);
            return true;
        }
        catch (IOException e)
        {
            warn($"kernel_version is not shown by uname, because this kernel cannot be made to: {LumosException.Describe(e)}");
            return false;
        }
    }

    /// <summary>Tells the processes in a cgroup (a directory) and below it that their kernel is of a release.</summary>
    internal static void Set(string cgroup, string release)
    {
        using var map = EbpfMap.OpenPinned(MapPin, sizeof(ulong), TextsLength)
            ?? throw new LumosException("KernelNameGone", $"{MapPin} is gone");
        map.Set(Key(cgroup), Texts(release));
    }

    /// <summary>Forgets a cgroup that is about to go.</summary>
    internal static void Forget(string cgroup)
    {
        if (Directory.Exists(cgroup) && EbpfMap.OpenPinned(MapPin, sizeof(ulong), TextsLength) is { } map)
        {
            using (map)
            {
                map.Remove(Key(cgroup));
            }
        }
    }

    /// <summary>The files to be bound over the kernel's, made in a folder: destination and source.</summary>
    internal static IReadOnlyList<KeyValuePair<string, string>> WriteFiles(string folder, string release)
    {
        KeyValuePair<string, string> Of(string destination, string text)
        {
            string file = Path.Combine(folder, "kernel." + Path.GetFileName(destination) + (destination.Contains("/sys/", StringComparison.Ordinal) ? "" : ".proc"));
            File.WriteAllText(file, text + "\n");
            return KeyValuePair.Create(destination, file);
        }
        return
        [
            Of("/proc/sys/kernel/osrelease", release), Of("/proc/sys/kernel/version", Version), Of("/proc/version", $"Linux version {release} {Version}"),
        ];
    }

    /// <summary>Release and version as they stand in struct new_utsname; what is too long is cut.</summary>
    internal static byte[] Texts(string release)
    {
        byte[] texts = new byte[TextsLength];
        Put(release, texts.AsSpan(0, TextLength - 1));
        Put(Version, texts.AsSpan(TextLength, TextLength - 1));
        return texts;
    }

    // The id of a cgroup is the number of its directory's inode.
    private static byte[] Key(string cgroup)
    {
        byte[] key = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(key, FileStatus.Of(cgroup).Inode);
        return key;
    }

    private static void Put(string text, Span<byte> place)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        bytes.AsSpan(0, Math.Min(bytes.Length, place.Length)).CopyTo(place);
    }

    // r6 what the probe gets: [the call's registers, its result]; r7 the zone's texts.
    private static EbpfProgramText Text(EbpfMap map)
    {
        var text = new EbpfProgramText().Move(6, 1).Load(0, 6, 8).JumpUnlessEqual(0, 0, "done");
        for (int level = 1; level <= Levels; level++)
        {
            text.Set(1, level).Call(AncestorCgroup).JumpIfEqual(0, 0, "done").Store(10, -8, 0)
                .LoadMap(1, map).Move(2, 10).AddTo(2, -8).Call(MapLookup).JumpUnlessEqual(0, 0, "found");
        }
        return text.JumpIfEqual(0, 0, "done")
            .Label("found").Move(7, 0)
            .Load(1, 6, 0).Load(1, 1, FirstArgument).AddTo(1, ReleaseAt).Move(2, 7).Set(3, TextsLength).Call(WriteToUser)
            .Label("done").Set(0, 0).Exit();
    }
}
