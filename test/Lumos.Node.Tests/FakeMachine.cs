using Lumos.Core;
using Lumos.Core.Boot;
using Lumos.Drivers.Datasets;
using Lumos.Drivers.Notices;
using Lumos.Drivers.Pools;
using Lumos.Drivers.Tools;
using Lumos.Node.FileSystems;
using Lumos.Node.FirstBoot;
using Lumos.Node.Host;
using Lumos.Testing;

namespace Lumos.Node.Tests;

/// <summary>
/// A machine with one set of disks, in a folder: pools and datasets keep the rules of the real ones, a mounted dataset is a
/// link to a folder that outlives a reboot, and the power can be cut before any operation.
/// </summary>
internal sealed class FakeMachine : IPools, INodeHost, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-node-").FullName;
    private readonly Dictionary<string, Stack<string?>> _mounts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _onDisk = new(StringComparer.Ordinal);
    private readonly HashSet<string> _imported = new(StringComparer.Ordinal);
    private int _operations;

    internal FakeMachine()
    {
        Datasets.OnOperation = (operation, name) => Count($"{operation} {name}");
        Boot();
    }

    /// <summary>The power goes off before the operation of this number.</summary>
    internal int PowerCutAt { get; set; } = int.MaxValue;

    internal FakeDatasets Datasets { get; } = new();

    internal List<string> Log { get; } = [];

    internal StringWriter Notes { get; private set; } = new();

    internal MountPaths Paths => new()
    {
        Root = At(""), Run = At("run"), Var = At("var"), Opt = At("opt"), UsbKey = At("usbkey"),
        Zones = At("etc/zones"), Etc = At("etc"), CorePattern = At("core_pattern"),
    };

    /// <summary>A pool that cannot be imported.</summary>
    internal string? BrokenPool { get; set; }

    public long Memory => 2L << 30;

    public string? HardwareUuid => null;

    /// <summary>What is in memory is gone and made anew.</summary>
    internal void Boot()
    {
        if (Directory.Exists(At("")))
        {
            Directory.Delete(At(""), recursive: true);
        }
        _mounts.Clear();
        _imported.Clear();
        Notes = new StringWriter();
        Directory.CreateDirectory(At("var.image/svc/log"));
        Directory.CreateDirectory(At("var.image/lib/chrony"));
        File.WriteAllText(At("var.image/svc/log/early.log"), "before\n");
        Directory.CreateSymbolicLink(At("var"), At("var.image"));
        Directory.CreateDirectory(At("etc/ssh"));
        File.WriteAllText(At("etc/ssh/sshd_config"), "UsePAM yes\n");
        File.WriteAllText(At("etc/shadow"), "root:build-hash:1:0:99999:7:::\nsshd:!:1::::::\n");
    }

    internal int FileSystems(string arguments = "") =>
        new FileSystemsAtBoot(this, Datasets, this, Says(), Paths).Run(BootArguments.Parse(arguments));

    internal int FirstBoot(string arguments, HostFacts? facts = null) =>
        new FirstBootService(new SetupTools(this, Datasets, this, Says(), Paths), found => (facts ?? InterviewTests.Host()) with
        {
            UnfinishedPools = found.Unfinished,
            ForeignPools = [.. found.All.Except(found.Unfinished)],
        }).Run(BootArguments.Parse(arguments));

    internal string At(string path) => Path.Combine(_folder, "root", path);

    internal string Read(string path) => File.ReadAllText(At(path));

    internal void PutPool(string name, string comment)
    {
        _onDisk[name] = comment;
        Datasets.AddPool(name);
    }

    public IReadOnlyList<PoolFacts> List() =>
        [.. _imported.Order().Select(n => new PoolFacts(n, 32L << 30, 30L << 30, "ONLINE", "1", _onDisk[n]))];

    public IReadOnlyList<string> Import(IReadOnlyList<string>? only)
    {
        Count("import");
        foreach (string name in _onDisk.Keys.Where(n => n != BrokenPool && (only is null || only.Contains(n))))
        {
            _imported.Add(name);
            Expose(name);
        }
        return BrokenPool is { } broken ? [$"pool {broken} cannot be imported: one or more devices is currently unavailable"] : [];
    }

    public void Create(PoolToCreate pool)
    {
        Count($"zpool create {pool.Name}");
        if (_onDisk.Count > 0)
        {
            throw new ToolException(new ToolResult(["zpool", "create"], 1, "", "the disks are part of a pool"));
        }
        PutPool(pool.Name, pool.Comment);
        _imported.Add(pool.Name);
        Expose(pool.Name);
    }

    public void Destroy(string name)
    {
        Count($"zpool destroy {name}");
        Datasets.Destroy(DatasetName.Parse(name), recursive: true);
        _onDisk.Remove(name);
        _imported.Remove(name);
        Directory.Delete(Path.Combine(_folder, "disks", name), recursive: true);
        File.Delete(At(name));
    }

    public void SetComment(string name, string comment)
    {
        Count($"comment {name}");
        _onDisk[name] = comment;
    }

    public void Export(string name) => _imported.Remove(name);

    public PoolDevices Devices(string name) => new("raidz1", []);

    public void SettleDevices()
    {
    }

    public bool WaitForDevice(string path) => true;

    public bool IsMountPoint(string path) => _mounts.TryGetValue(path, out var stack) && stack.Count > 0;

    public void Mount(string source, string target, string type, bool readOnly = false)
    {
        Count($"mount {source}");
        if (!Datasets.Exists(DatasetName.Parse(source)))
        {
            throw new Lumos.Linux.ErrnoException($"mount {source}", Lumos.Linux.Errno.ENOENT);
        }
        Cover(target, Backing(source));
    }

    public void Bind(string source, string target)
    {
        Count($"bind {target}");
        if (source == Paths.Root)
        {
            // A second view of the root, in which nothing is covered.
            Directory.CreateDirectory(target);
            Directory.CreateSymbolicLink(Path.Combine(target, "var"), At("var.image"));
            _mounts[target] = new([null]);
            return;
        }
        if (Directory.Exists(source))
        {
            Cover(target, source);
        }
        else
        {
            _mounts[target] = new([null]);
        }
    }

    public void Unmount(string target)
    {
        Count($"unmount {target}");
        var stack = _mounts[target];
        string? before = stack.Pop();
        if (new DirectoryInfo(target).LinkTarget is null)
        {
            Directory.Delete(target, recursive: true);
            return;
        }
        File.Delete(target);
        if (before is not null)
        {
            Directory.CreateSymbolicLink(target, before);
        }
    }

    public void MakeSwap(string device) => Count($"mkswap {device}");

    public void SwapOn(string device) => Count($"swapon {device}");

    public void CopyTree(string source, string target)
    {
        Count($"copy {Path.GetFileName(source)}");
        Tool.Run("cp", "-a", "--", source, target).OrThrow();
    }

    public void MakeHostKeys(string folder)
    {
        Count("host keys");
        string key = Path.Combine(folder, "ssh_host_ed25519_key");
        if (!File.Exists(key))
        {
            File.WriteAllText(key, Guid.NewGuid().ToString());
        }
    }

    public string HashPassword(string password) => $"hash-of-{password}";

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private BootNotes Says() => new(Notes, console: Path.Combine(_folder, "no-console"));

    private void Count(string operation)
    {
        if (++_operations >= PowerCutAt)
        {
            throw new PowerCutException();
        }
        Log.Add(operation);
    }

    /// <summary>The pool's own file system, where everybody sees it.</summary>
    private void Expose(string pool)
    {
        if (!Directory.Exists(At(pool)))
        {
            Directory.CreateSymbolicLink(At(pool), Backing(pool));
        }
    }

    private string Backing(string dataset) =>
        Directory.CreateDirectory(Path.Combine(_folder, "disks", dataset.Split('/')[0], dataset.Replace('/', '_'))).FullName;

    private void Cover(string target, string with)
    {
        string? before = Directory.Exists(target) ? new DirectoryInfo(target).LinkTarget : null;
        if (before is not null)
        {
            File.Delete(target);
        }
        else if (Directory.Exists(target))
        {
            Directory.Delete(target, recursive: true); // fakes of mount points that have something below are links
        }
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        Directory.CreateSymbolicLink(target, with);
        if (!_mounts.TryGetValue(target, out var stack))
        {
            _mounts[target] = stack = new();
        }
        stack.Push(before);
    }
}

/// <summary>Not one of the failures the product handles: whoever was running is gone.</summary>
internal sealed class PowerCutException : Exception;
