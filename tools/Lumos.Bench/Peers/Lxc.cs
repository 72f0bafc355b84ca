using Lumos.Bench.Sandboxing;

namespace Lumos.Bench.Peers;

/// <summary>The tools of LXC on a folder of their own on btrfs; containers in a user namespace.</summary>
internal sealed class Lxc : IPeer
{
    private const int FirstId = 1_000_000;
    private string _path = "";
    private Arena _arena = null!;

    public string Name => "lxc";

    public IReadOnlyList<string> Packages => ["lxc", "uidmap"];

    public string Note => "No daemon; all containers share one range of user ids, which the root's files are shifted to once; a snapshot of a running one is a stopped copy.";

    public IReadOnlyDictionary<string, string> NotOffered { get; } = new Dictionary<string, string>
    {
        ["list-crowd"] = ICrowd.Absent,
        ["daemon-crowd"] = ICrowd.Absent,
    };

    public IReadOnlyList<string> CliStart => ["lxc-ls", "--version"];

    public string Prepare(Arena arena)
    {
        _arena = arena;
        _path = arena.FolderOnDisk("lxc");
        string container = Directory.CreateDirectory(Path.Combine(_path, "base")).FullName, root = Path.Combine(container, "rootfs");
        var run = arena.Commands;
        run.Run("btrfs", "subvolume", "create", root);
        run.Run("chown", $"{FirstId}:{FirstId}", root, container);
        run.Run("lxc-usernsexec", "-m", $"b:0:{FirstId}:65536", "--", "tar", "-C", root, "-xf", arena.RootArchive);
        File.WriteAllText(Path.Combine(container, "config"), $"""
            lxc.uts.name = base
            lxc.rootfs.path = btrfs:{root}
            lxc.init.cmd = /sbin/init
            lxc.net.0.type = veth
            lxc.net.0.link = {Inside.Bridge}
            lxc.net.0.flags = up
            lxc.net.0.name = eth0
            lxc.mount.auto = proc sys
            lxc.tty.max = 0
            lxc.apparmor.profile = unconfined
            lxc.idmap = u 0 {FirstId} 65536
            lxc.idmap = g 0 {FirstId} 65536

            """);
        return run.Run("lxc-ls", "--version").Trim();
    }

    public void Create(string zone)
    {
        Copy("base", zone);
        Start(zone);
    }

    public void Start(string zone) => Run("lxc-start", "--name", zone, "--logfile", _arena.Log("lxc"), "--logpriority", "WARN");

    public void Stop(string zone, bool force) => Run(force ? ["lxc-stop", "--name", zone, "--kill"] : ["lxc-stop", "--name", zone]);

    public void Delete(string zone)
    {
        foreach (string snapshot in Directory.GetDirectories(_path, zone + "-*"))
        {
            Run("lxc-destroy", "--name", Path.GetFileName(snapshot));
        }
        Run("lxc-destroy", "--name", zone);
    }

    public string Exec(string zone, params IReadOnlyList<string> words) => Run(["lxc-attach", "--name", zone, "--", .. words]);

    public void Snapshot(string zone, string snapshot) => Copy(zone, $"{zone}-{snapshot}", "--allowrunning");

    public void Clone(string zone, string snapshot, string clone)
    {
        Copy($"{zone}-{snapshot}", clone);
        Start(clone);
    }

    public void List() => Run("lxc-ls", "--fancy");

    public void Get(string zone) => Run("lxc-info", "--name", zone);

    public string Root(string zone) => Path.Combine(_path, zone, "rootfs");

    public string Address(string zone) => ZoneAddress.Give(this, zone, "eth0");

    public void Dispose()
    {
        // Nothing of it runs but the containers, which end with the sandbox.
    }

    private void Copy(string from, string to, params IReadOnlyList<string> more) =>
        Run(["lxc-copy", "--name", from, "--newname", to, "--snapshot", "--backingstorage", "btrfs", .. more]);

    private string Run(params IReadOnlyList<string> words) => _arena.Commands.Run([words[0], "--lxcpath", _path, .. words.Skip(1)]);
}
