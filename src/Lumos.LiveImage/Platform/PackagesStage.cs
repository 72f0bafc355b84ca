using Lumos.LiveImage.Debian;
using Lumos.LiveImage.Recipe;
using Lumos.LiveImage.Stages;

namespace Lumos.LiveImage.Platform;

/// <summary>
/// Stage <c>packages</c>: the Debian tree of images/platform/packages.list as <c>tree.tar</c> (with extended attributes),
/// what comes from other suites as <c>foreign.tar</c> to be unpacked over it, and what all of it resolved to as <c>record</c>.
/// </summary>
internal static class PackagesStage
{
    internal const string Name = "packages";

    /// <summary>Raised when the code below changes what it makes.</summary>
    private const string Version = "1";

    // Read by nobody on a server, and slow to unpack; what a licence asks for (the copyright files) stays.
    private static readonly string[] Exclude = ["/usr/share/locale/*", "/usr/share/doc/*.gz", "/usr/share/doc/*/examples/*", "/usr/share/info/*"];

    internal static string Key(string list, string record) =>
        new StageKey().Add(Name).Add(Version).AddFile(list, "list").AddFile(record, "record").Finish();

    internal static void Make(BuildLog log, string list, string work)
    {
        var packages = PackageList.Load(list);
        Bootstrap.Make(log, new Bootstrap.Request
        {
            Packages = packages.Own,
            Exclude = Exclude,
            Hooks = [Bootstrap.RecordHook(work)],
        }, Path.Combine(work, "tree.tar"));
        var record = Bootstrap.ReadRecord(work);

        string foreign = Path.Combine(work, "foreign");
        Directory.CreateDirectory(foreign);
        foreach (var suite in packages.Foreign)
        {
            string folder = Path.Combine(work, "from-" + suite.Key);
            Directory.CreateDirectory(folder);
            record = record.With(Bootstrap.AddForeign(log, suite.Key, [.. suite], folder, foreign));
            Scratch.Delete(folder);
        }
        log.Run(["tar", "--create", "--file", Path.Combine(work, "foreign.tar"), "--directory", foreign, "."]);
        Scratch.Delete(foreign);
        File.WriteAllText(Path.Combine(work, "record"), record.ToText());
    }
}
