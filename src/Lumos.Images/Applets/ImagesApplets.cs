using Lumos.Cli;
using Lumos.Images.Store;

namespace Lumos.Images.Applets;

/// <summary>The commands of images.</summary>
public static class ImagesApplets
{
    public static IEnumerable<Applet> All() =>
    [
        new("digest", "sums of files", DigestApplet.Run),
        new("imgadm", "manage images", Run),
        new("dsadm", "old name of imgadm", Run),
    ];

    private static int Run(AppletContext context) => new ImgadmCommand(context, ImageStore.OfMachine()).Run();
}
