using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Import;
using Lumos.Images.Oci;

namespace Lumos.Images.Applets;

/// <summary>imgadm import: an image from a source, a registry, a layout or an archive.</summary>
internal static class ImportVerbs
{
    public static int Import(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('q', "quiet").Value('C', "channel").Value('P', "pool").Value('S', "source").Flag("zstream")
            .Parse(words).Expect(1, 1, "UUID or name of an image");
        string name = args.Operands[0];
        bool isOci = ImgadmCommand.IsOciName(name);
        if (isOci && (args.Has('C') || args.Has("zstream")))
        {
            throw new UsageException("-C and --zstream are of image servers; a registry has tags");
        }
        return Interruption.Run($"image {name} was not imported", stop =>
        {
            command.RemoveLeftovers();
            if (isOci)
            {
                ImportOci(command, args, stop);
            }
            else
            {
                ImportOne(command, Uuid.Parse(name), args, stop);
            }
            return ExitStatus.Success;
        });
    }

    private static void ImportOne(ImgadmCommand command, Uuid uuid, ParsedArgs args, CancellationToken stop)
    {
        using var clients = command.Clients(args.Get('S'), args.Get('C'), stop);
        using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'), stop);
        new ImageImporter(command.Store, clients.All, reporter.Report).Import(uuid, args.Get('P') ?? command.DefaultPool, args.Has("zstream"));
    }

    private static void ImportOci(ImgadmCommand command, ParsedArgs args, CancellationToken stop)
    {
        using var source = command.OpenOci(args.Operands[0], args.Get('S'), out var reference, stop);
        using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'), stop);
        new OciImporter(command.Store, reporter.Report).Import(source, reference, args.Get('P') ?? command.DefaultPool);
    }
}
