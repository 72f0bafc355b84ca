using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// What a hosted global zone lays over the host's /usr: the programs, methods, manual pages, and those manifests of the image
/// that make sense beside another init (smf/manifest/hosted/shared.list) with the stand-ins for the rest.
/// </summary>
internal static class HostedTree
{
    private const string Version = "3";

    private static readonly string[] Sources = ["smf", "man", "images/platform/overlay/usr/lib/lumos", "images/platform/overlay/usr/share/lumos"];

    /// <summary>Commands that are about a machine of our own: its power, its disks at boot, its network.</summary>
    private static readonly string[] NotHosted =
        ["first-boot", "fs-smartdc", "halt", "init", "net-physical", "poweroff", "reboot", "shutdown", "smartdc-config"];

    internal static string Key(string repository, Programs programs, StageResult novnc)
    {
        var key = new StageKey().Add("hosted").Add(Version).Add(programs.LumosStage.Key).Add(programs.InitStage.Key).Add(programs.ImgapiStage.Key).Add(novnc.Key);
        foreach (string folder in Sources)
        {
            key.Add(folder).AddTree(Path.Combine(repository, folder));
        }
        return key.Finish();
    }

    internal static void Make(BuildLog log, string repository, string stamp, Programs programs, StageResult novnc, string tree)
    {
        string hosted = Path.Combine(repository, "smf/manifest/hosted");
        foreach (string file in Directory.EnumerateFiles(hosted, "*.xml"))
        {
            TreeInstall.Copy(file, Path.Combine(tree, "usr/lib/svc/manifest", Path.GetFileName(file)), TreeInstall.Data);
        }
        foreach (string name in File.ReadLines(Path.Combine(hosted, "shared.list")).Where(line => line.Length > 0 && line[0] != '#'))
        {
            TreeInstall.Copy(Path.Combine(repository, "smf/manifest/global", name), Path.Combine(tree, "usr/lib/svc/manifest", name), TreeInstall.Data);
        }
        TreeInstall.CopyTree(Path.Combine(repository, "smf/manifest/zone"), Path.Combine(tree, "usr/lib/svc/zone-manifest"), executable: false);
        TreeInstall.CopyTree(Path.Combine(repository, "smf/method"), Path.Combine(tree, "usr/lib/svc/method"), executable: true);
        TreeInstall.CopyTree(Path.Combine(repository, "smf/share"), Path.Combine(tree, "usr/lib/svc/share"), executable: false);
        TreeInstall.CopyTree(Path.Combine(repository, "man"), Path.Combine(tree, "usr/share/man"), executable: false);
        TreeInstall.CopyTree(Path.Combine(repository, "images/platform/overlay/usr/lib/lumos"), Path.Combine(tree, "usr/lib/lumos"), executable: false);
        TreeInstall.CopyTree(Path.Combine(repository, "images/platform/overlay/usr/share/lumos"), Path.Combine(tree, "usr/share/lumos"), executable: false);
        TreeInstall.CopyTree(novnc.Directory, Path.Combine(tree, NovncStage.Target), executable: false);
        TreeInstall.Programs(log, programs, tree, NotHosted, "usr/sbin");
        TreeInstall.Write(Path.Combine(tree, "etc/version/platform"), stamp + "\n", TreeInstall.Data);
    }
}
