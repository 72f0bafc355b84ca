using System.CommandLine;
using Lumos.Core;
using Lumos.LiveImage;
using Lumos.LiveImage.ZoneImages;
using Lumos.Machine;

namespace Lumos.Dev.Commands;

/// <summary><c>./lumos build</c>: the programs, the platform image, the zone images.</summary>
internal static class BuildCommand
{
    public static Command Create(Checkout checkout)
    {
        var what = new Argument<string>("WHAT")
        {
            Description = "binaries: the two programs; image: kernel, boot archive and ISO; images: those named, or one of each recipe; " +
                "deb: the Debian package of hosted mode; relock: renew the record of Debian packages; all (default): the image, and the zone images that come with it",
            DefaultValueFactory = _ => "all",
        };
        what.AcceptOnlyFromAmong("binaries", "image", "images", "deb", "relock", "all");
        var names = new Argument<string[]>("NAME") { Description = "Images to build: names of recipes in images/", Arity = ArgumentArity.ZeroOrMore };
        var locked = new Option<bool>("--locked") { Description = "Refuse Debian packages that differ from the committed record" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Install missing Debian packages without asking" };
        var command = new Command("build", "Build the image; what has not changed comes from the cache") { what, names, locked, yes };
        command.SetAction(parsed => Run(checkout, parsed.GetValue(what)!, parsed.GetValue(names) ?? [], parsed.GetValue(locked), parsed.GetValue(yes)));
        return command;
    }

    private static int Run(Checkout checkout, string what, string[] names, bool locked, bool yes)
    {
        if (names.Length > 0 && what != "images")
        {
            throw new LumosException("WrongUse", $"\"{what}\" takes no names; \"./lumos build images {string.Join(' ', names)}\" builds those");
        }
        Prerequisites.Ensure(what is "binaries" or "deb" ? Need.Compile : Need.Compile | Need.Image | Need.Machine, yes);
        var stages = new Stages(Path.Combine(checkout.Logs, "build.log"));
        var options = Artifacts.Options(checkout, stages, locked);
        switch (what)
        {
            case "binaries":
                var binaries = stages.Telling(() => PlatformBuilder.BuildBinaries(options));
                Console.WriteLine(binaries.Lumos);
                Console.WriteLine(binaries.Init);
                Console.WriteLine(stages.Telling(() => PlatformBuilder.BuildImageServer(options)));
                return 0;
            case "deb":
                Console.WriteLine(stages.Telling(() => HostedBuilder.BuildPackage(options)));
                return 0;
            case "relock":
                string[] changes = [.. stages.Telling(() => PlatformBuilder.Relock(options)), .. stages.Telling(() => ZoneImageBuilder.Relock(options))];
                Console.WriteLine(changes.Length == 0 ? "The record was up to date." : string.Join('\n', changes));
                return 0;
        }
        if (what is "image" or "all")
        {
            Console.WriteLine(Artifacts.BuildPlatform(options, stages).Directory);
        }
        if (what is "images" or "all")
        {
            foreach (var image in Artifacts.BuildImages(options, stages, what == "all" ? ZoneImageBuilder.WithThePlatform : names.Length > 0 ? names : null))
            {
                Console.WriteLine($"{image.Uuid} {image.Name} {image.Version} {image.File}");
            }
        }
        return 0;
    }
}
