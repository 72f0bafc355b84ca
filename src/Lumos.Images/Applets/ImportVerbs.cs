using Lumos.Cli;
using Lumos.Core;
using Lumos.Images.Import;

namespace Lumos.Images.Applets;

/// <summary>imgadm import: an image from a source.</summary>
internal static class ImportVerbs
{
    public static int Import(ImgadmCommand command, IReadOnlyList<string> words)
    {
        var args = new ArgParser().Flag('q', "quiet").Value('C', "channel").Value('P', "pool").Value('S', "source").Flag("zstream")
            .Parse(words).Expect(1, 1, "UUID of an image");
        var uuid = ImgadmCommand.ParseUuid(args.Operands[0]);
        using var clients = command.Clients(args.Get('S'), args.Get('C'));
        using var reporter = new ImgadmCommand.Reporter(command, args.Has('q'));
        new ImageImporter(command.Store, clients.All, reporter.Report).Import(uuid, args.Get('P') ?? command.DefaultPool, args.Has("zstream"));
        return ExitStatus.Success;
    }
}
