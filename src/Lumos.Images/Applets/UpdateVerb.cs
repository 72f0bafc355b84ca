using Lumos.Cli;
using Lumos.Images.Oci;
using Lumos.Images.Store;
using Lumos.Images.Update;

namespace Lumos.Images.Applets;

/// <summary>imgadm update: what is known of installed images, from the sources.</summary>
internal static class UpdateVerb
{
    public static int Run(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('n', "dry-run").Parse(words);
        IReadOnlyList<InstalledImage> images = args.Operands.Count == 0
            ? [.. command.Store.List().Where(image => image.Manifest?.Type != DockerManifest.Type)] // no image server has them
            : [.. args.Operands.Select(word => command.Installed(command.ParseImage(word), null))];
        using var clients = command.Clients();
        using var reporter = new ImgadmCommand.Reporter(command, quiet: true);
        var updater = new ImageUpdater(command.Store, clients.All, reporter.Report, args.Has('n'));
        bool good = true;
        foreach (var image in images)
        {
            good &= updater.Update(image);
        }
        return good ? ExitStatus.Success : ExitStatus.Failure;
    }
}
